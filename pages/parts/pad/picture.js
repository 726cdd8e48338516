// A picture becomes a drawing: chosen, pasted or dropped; the browser decodes it, the server finds the strokes in it.

const LARGEST = 30e6; // bytes of a file
const MOST_PIXELS = 320; // a side of what is sent

class Picture {
  // take(strokes, width): the drawing that was found; say(sentence); ask(question): over the line.
  constructor(root, owner) {
    const find = (name) => root.querySelector(`.${name}`);
    Object.assign(this, { owner, paper: find("paper"), file: find("file") });
    this.number = 0; // of the picture being read: a later one takes its place
    this.listening = new AbortController();
    const on = (target, type, job) => target.addEventListener(type, job, { signal: this.listening.signal });
    on(find("upload"), "click", () => this.file.click());
    on(this.file, "change", () => {
      if (this.file.files.length) this.read(this.file.files[0]);
      this.file.value = ""; // the same file can be chosen again
    });
    on(document, "paste", (event) => this.paste(event));
    on(this.paper, "dragover", (event) => this.drag(event, true));
    on(this.paper, "dragleave", (event) => this.drag(event, false));
    on(this.paper, "drop", (event) => this.drop(event));
  }

  close() {
    this.number += 1;
    this.listening.abort();
  }

  paste(event) {
    const field = event.composedPath()[0];
    if (field.isContentEditable || /^(INPUT|TEXTAREA)$/.test(field.tagName)) return;
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    this.read(file);
  }

  drag(event, over) {
    event.preventDefault();
    this.paper.classList.toggle("dropping", over);
  }

  drop(event) {
    this.drag(event, false);
    const file = event.dataTransfer.files[0];
    if (file) this.read(file);
    else this.owner.say("Nothing was read: drop a picture file.");
  }

  async read(file) {
    const number = (this.number += 1);
    this.owner.say("Reading the picture.");
    const said = await this.trace(file);
    if (number !== this.number) return;
    if (said.strokes) this.owner.take(said.strokes, said.width);
    this.owner.say(said.error ?? "");
  }

  async trace(file) {
    const size = Math.ceil(file.size / 1e6);
    if (file.size > LARGEST) return { error: `The file has ${size} MB: choose a picture of at most 30 MB.` };
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
      return await this.owner.ask({ kind: "trace", ...greyPicture(bitmap) });
    } catch {
      return { error: "The file is not a picture that this browser reads: choose a PNG or JPEG." };
    } finally {
      bitmap?.close();
    }
  }
}

// The picture on white, at most 320 pixels a side: {columns, rows, grey}.
function greyPicture(bitmap) {
  const scale = Math.min(1, MOST_PIXELS / Math.max(bitmap.width, bitmap.height));
  const [columns, rows] = [bitmap.width, bitmap.height].map((n) => Math.max(1, Math.round(n * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const ctx = canvas.getContext("2d");
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
