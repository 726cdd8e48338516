// @ts-check
// One entry of the browser's history for each page. Streamlit adds one whenever a page changes what stands after the ?
// of its address, so that Back would lead through every choice that was made before it leads away.
{
  const push = history.pushState.bind(history);
  history.pushState = (state, unused, url) => {
    const here = new URL(url ?? location.href, location.href).pathname === location.pathname;
    if (here) history.replaceState(state, unused, url);
    else push(state, unused, url);
  };
}
