// @ts-check
// All that Streamlit itself is given of a component's scripts: it fetches the modules and hands every call on to them.

/** @import { Call, View } from "./types.js" */
/** @typedef {{ calls: number, view?: View }} Place where a component stands in the page */

const ENTRY = "./entry.js"; // component.py puts the address here
/** @type {Promise<{ default: new (root: HTMLElement, data: unknown) => View }> | undefined} */
let loading;

/** Called for every change of data or theme; at the end only what was returned last is called. @param {Call} call */
export default async function ({ parentElement, data: sent, setStateValue }) {
  const data = Array.isArray(sent) ? sent[0] : sent; // in a list where Python would else look for tables in it
  const root = /** @type {HTMLElement & { digitlab?: Place }} */ (parentElement);
  const place = (root.digitlab ??= { calls: 0 });
  const number = (place.calls += 1);
  const outdated = () => place.calls !== number; // a later call has newer data, and the view is its to close
  try {
    loading ??= import(new URL(ENTRY, document.baseURI).href);
    await loading;
  } catch (error) {
    console.warn("digitlab", error);
    loading = undefined; // the next call tries again
    if (!outdated()) say(root, "This part of the page did not load: reload the page.");
    return () => {};
  }
  const { default: Type } = await loading;
  if (!outdated() && root.isConnected) {
    if (!place.view?.root.isConnected) {
      place.view?.close();
      place.view = new Type(root, data);
    }
    place.view.update(data, setStateValue);
    say(root, "");
    root.querySelector(".digitlab-waits")?.classList.remove("digitlab-waits");
  }
  return () => {
    if (outdated()) return;
    place.view?.close();
    delete root.digitlab;
  };
}

/** In the component's place, while there is nothing else to show in it. @param {HTMLElement} root */
function say(root, /** @type {string} */ sentence) {
  root.querySelector(".digitlab-failed")?.remove();
  if (!sentence) return;
  const line = document.createElement("p");
  line.className = "digitlab-failed";
  line.role = "alert";
  line.textContent = sentence;
  root.prepend(line);
}
