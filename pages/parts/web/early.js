// @ts-check
// The library that draws figures takes about as long to load as a page takes to be answered: on pages that have figures
// both happen at once, and not the one when the other has come.
{
  const WITH_FIGURES = /\/(train|runs|evaluate)$/;
  const LIBRARY = "./plotly.js"; // history.py puts the address here

  const load = async () => {
    if (!WITH_FIGURES.test(location.pathname)) return;
    const library = await import(new URL(LIBRARY, document.baseURI).href);
    await library.loadPlotly();
  };
  // Whoever draws a figure tries again, and says so where it fails.
  const later = () => (window.requestIdleCallback ?? setTimeout)(() => load().catch(() => {}));
  window.addEventListener("load", later); // by then Streamlit has started, and waits for its server
  window.navigation?.addEventListener("currententrychange", later); // from page to page
}
