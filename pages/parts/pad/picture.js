// @ts-check
// A picture becomes a drawing: chosen, pasted or dropped; the browser decodes it, the server finds the strokes in it.

import { context, find, listen, node } from "../web/dom.js";

/** @import { Stroke } from "./strokes.js" */
/** @import { Reply } from "../web/types.js" */

const LARGEST = 30e6; // bytes of a file

/**
 * @typedef {{
 *   ask: (question: object) => Promise<Reply>, say: (sentence: string) => void,
 *   take: (strokes: Stroke[], width: number) => void
 * }} Owner
 * ask: over the line; take: the drawing that was found
 */

export class Picture {
  /** @param {ParentNode} root @param {number} side pixels of what is sent, at most @param {Owner} owner */
  constructor(root, side, owner) {
    this.owner = owner;
    this.side = side;
    this.paper = find(root, ".paper");
    const file = find(root, ".file", HTMLInputElement);
    this.number = 0; // of the picture being read: a later one takes its place
    this.listening = new AbortController();
    const { signal } = this.listening;
    listen(find(root, ".upload"), "click", () => file.click(), signal);
    const choose = () => {
      if (file.files?.length) this.read(file.files[0]);
      file.value = ""; // the same file can be chosen again
    };
    listen(file, "change", choose, signal);
    listen(document, "paste", (event) => this.paste(event), signal);
    listen(this.paper, "dragover", (event) => this.drag(event, true), signal);
    listen(this.paper, "dragleave", (event) => this.drag(event, false), signal);
    listen(this.paper, "drop", (event) => this.drop(event), signal);
  }

  close() {
    this.number += 1;
    this.listening.abort();
  }

  /** @param {ClipboardEvent} event */
  paste(event) {
    const field = /** @type {HTMLElement} */ (event.composedPath()[0]);
    if (field.isContentEditable || /^(INPUT|TEXTAREA)$/.test(field.tagName)) return;
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    this.read(file);
  }

  /** @param {DragEvent} event @param {boolean} over */
  drag(event, over) {
    event.preventDefault();
    this.paper.classList.toggle("dropping", over);
  }

  /** @param {DragEvent} event */
  drop(event) {
    this.drag(event, false);
    const file = event.dataTransfer?.files[0];
    if (file) this.read(file);
    else this.owner.say("Nothing was read: drop a picture file.");
  }

  /** @param {File} file */
  async read(file) {
    const number = (this.number += 1);
    this.owner.say("Reading the picture.");
    const said = await this.trace(file);
    if (number !== this.number) return;
    if (said.strokes) this.owner.take(said.strokes, said.width);
    this.owner.say(said.error ?? "");
  }

  /** @param {File} file @returns {Promise<Reply>} */
  async trace(file) {
    const size = Math.ceil(file.size / 1e6);
    if (file.size > LARGEST) return { error: `The file has ${size} MB: choose a picture of at most 30 MB.` };
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
      return await this.owner.ask({ kind: "trace", ...greyPicture(bitmap, this.side) });
    } catch {
      return { error: "The file is not a picture that this browser reads: choose a PNG or JPEG." };
    } finally {
      bitmap?.close();
    }
  }
}

/** The picture on white, at most so many pixels a side. @param {ImageBitmap} bitmap @param {number} side */
function greyPicture(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const [columns, rows] = [bitmap.width, bitmap.height].map((n) => Math.max(1, Math.round(n * scale)));
  const canvas = Object.assign(node("canvas"), { width: columns, height: rows });
  const ctx = context(canvas);
  Object.assign(ctx, { fillStyle: "#fff", imageSmoothingQuality: "high" });
  ctx.fillRect(0, 0, columns, rows);
  ctx.drawImage(bitmap, 0, 0, columns, rows);
  const { data } = ctx.getImageData(0, 0, columns, rows);
  let grey = "";
  for (let i = 0; i < data.length; i += 4) {
    grey += String.fromCharCode(Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]));
  }
  return { columns, rows, grey: btoa(grey) };
}
