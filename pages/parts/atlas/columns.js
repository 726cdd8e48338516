// @ts-check
// The columns of a map: arrays of numbers that the atlas fetches and keeps, within bounds.

import { rooted } from "../web/dom.js";

/** @typedef {Float32Array | Uint8Array} Column */
/** @template {Column} T @typedef {{ new (raw: ArrayBuffer): T, BYTES_PER_ELEMENT: number }} ArrayOf */

const KEPT = 24; // a column of 70,000 numbers takes 280 KB

/** @type {Map<string, Promise<any>>} */
const columns = new Map(); // address -> promise of a typed array, the one used last at the end

/**
 * Resolves with the column, an array of the type; throws an Error with a sentence.
 * @template {Column} T
 * @param {string} address @param {ArrayOf<T>} Type @param {number} length @returns {Promise<T>}
 */
export function fetchColumn(address, Type, length) {
  const url = rooted(address);
  const known = columns.get(url);
  columns.delete(url);
  const column = known ?? readColumn(url, Type, length);
  columns.set(url, column);
  const [oldest] = columns.keys();
  if (columns.size > KEPT) columns.delete(oldest);
  column.catch(() => columns.get(url) === column && columns.delete(url)); // the next call tries again
  return column;
}

/**
 * @template {Column} T
 * @param {string} url @param {ArrayOf<T>} Type @param {number} length
 */
async function readColumn(url, Type, length) {
  const reply = await fetch(url).catch(() => null);
  if (!reply) throw new Error("The server did not answer.");
  if (!reply.ok) throw new Error(await sentence(reply));
  const raw = await reply.arrayBuffer().catch(() => null);
  if (!raw || raw.byteLength !== length * Type.BYTES_PER_ELEMENT) {
    throw new Error("What the server sent is not of this map: reload the page.");
  }
  return new Type(raw);
}

/** @param {Response} reply */
async function sentence(reply) {
  const text = reply.status === 404 ? (await reply.text().catch(() => "")).slice(0, 300) : "";
  return text || `The server answered with status ${reply.status}.`;
}
