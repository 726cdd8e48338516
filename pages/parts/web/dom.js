// @ts-check
// Nodes, texts and addresses: what every component makes its part of the page of.

const ROOT = new URL("../../../../", import.meta.url); // the dashboard's, whatever prefix it has: scripts lie below it

/** An address of the dashboard, with or without a slash before it. @param {string} address */
export const rooted = (address) => new URL(address.replace(/^\/+/, ""), ROOT).href;

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} [className] @param {string} [text] @returns {HTMLElementTagNameMap[T]}
 */
export function node(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** @param {string} text @param {string} className @param {() => void} act */
export function button(text, className, act) {
  const made = node("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** @param {string} label @param {number} low @param {number} high @param {number} step @param {number} value */
export function slider(label, low, high, step, value, className = "") {
  const made = node("input", className);
  const [min, max] = [String(low), String(high)];
  return Object.assign(made, { type: "range", min, max, step: String(step), value: String(value), ariaLabel: label });
}

/**
 * What a component's HTML has there.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} root @param {string} selector @param {new () => T} [_type] @returns {T}
 */
export function find(root, selector, _type) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`There is no ${selector} here.`);
  return /** @type {T} */ (found);
}

/**
 * Listen until the signal says no more.
 * @template {keyof WindowEventMap} K
 * @param {EventTarget} target @param {K} type @param {(event: WindowEventMap[K]) => void} job
 * @param {AbortSignal} signal
 */
export function listen(target, type, job, signal) {
  target.addEventListener(type, /** @type {EventListener} */ (job), { signal });
}

/** Compared first: a write costs a layout even where nothing changes, and is read out. @param {Element} element */
export function setText(element, /** @type {string} */ text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [settings] */
export function context(canvas, settings) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
}

/** @param {number} value */
export const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));

/** @param {number} number */
export const grouped = (number) => number.toLocaleString("en-US");
