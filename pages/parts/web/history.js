// @ts-check
// One entry of the browser's history for each page, with that page's own address. Streamlit adds one whenever a page
// changes what stands after the ? of its address, so that Back would lead through every choice that was made before it
// leads away. And what a page that was left says of its address late, it writes into that of the page shown by then.
{
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);

  /** The name that a page has in its address; the first page has none. @param {string} name */
  const page = (name) => (document.querySelector(`a[href$="/${CSS.escape(name)}"]`) ? name : "");

  /** @type {typeof history.replaceState} */
  const write = (state, unused, url) => {
    // The title changes with the page, before the page says its address.
    const titled = page(document.title.split(" · ")[0].toLowerCase().replaceAll(" ", "-"));
    if (titled === page(location.pathname.split("/").at(-1) ?? "")) replace(state, unused, url);
  };
  history.replaceState = write;
  history.pushState = (state, unused, url) => {
    const here = new URL(url ?? location.href, location.href).pathname === location.pathname;
    if (here) write(state, unused, url);
    else push(state, unused, url);
  };
}
