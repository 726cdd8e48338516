// Pointers on the pad: mouse, pen and one finger draw. Two fingers are left to the browser, and a hand resting beside a
// pen draws nothing.

const PALM = 1000; // ms after a pen was seen in which touches are a palm
const ERASER_END = 32; // of event.buttons: the other end of a pen

class Pen {
  constructor(root, ink) {
    const find = (name) => root.querySelector(`.${name}`);
    Object.assign(this, { ink, canvas: find("canvas"), ring: find("rubber") });
    this.pointer = null; // which one draws
    this.fingers = new Set();
    this.seen = -Infinity; // when a pen was
    this.listening = new AbortController();
    this.listen();
  }

  close() {
    this.listening.abort();
  }

  place(event) {
    const box = (this.box = this.canvas.getBoundingClientRect());
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  down(event) {
    const { pointerType, pointerId, button } = event;
    if (pointerType === "touch") {
      if (event.isPrimary) this.fingers.clear(); // no other finger is on the glass, whatever was missed
      this.fingers.add(pointerId);
      if (this.fingers.size > 1) return this.stop(true); // a second finger makes it a gesture
      if (event.timeStamp - this.seen < PALM) return;
    }
    if (pointerType === "pen" && this.touching) this.stop(true); // the palm came first
    if ((button !== 0 && button !== 5) || this.pointer !== null) return;
    this.pointer = pointerId;
    this.touching = pointerType === "touch";
    this.canvas.setPointerCapture(pointerId);
    const rub = (event.buttons & ERASER_END) !== 0 || this.ink.erasing;
    this.ink.begin(...this.place(event), pressed(event), rub);
    this.follow(event);
  }

  move(event) {
    this.follow(event);
    if (!this.ink.down || event.pointerId !== this.pointer) return;
    const seen = event.getCoalescedEvents?.() ?? [];
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    for (const one of seen.length ? seen : [event]) {
      this.ink.add((one.clientX - left) / width, (one.clientY - top) / height, pressed(one));
    }
  }

  up(event, taken) {
    this.fingers.delete(event.pointerId);
    if (event.pointerId === this.pointer) this.stop(taken && this.touching);
  }

  // The pen is up; `back` takes what it drew back.
  stop(back) {
    if (this.pointer === null) return;
    this.pointer = null;
    this.touching = false;
    if (back) this.ink.cancel();
    else this.ink.finish();
  }

  // The eraser's ring goes with the pointer and is as large as what it rubs out.
  follow(event) {
    if (event.pointerType === "pen") this.seen = event.timeStamp;
    const rubs = this.ink.erasing || (event.buttons & ERASER_END) !== 0;
    this.ring.classList.toggle("on", rubs);
    if (!rubs) return;
    const [x, y] = this.place(event);
    const { width } = this.box;
    this.ring.style.width = this.ring.style.height = `${2 * this.ink.rubber * width}px`;
    this.ring.style.transform = `translate(${x * width}px, ${y * width}px) translate(-50%, -50%)`;
  }

  listen() {
    const on = (type, job) => this.canvas.addEventListener(type, job, { signal: this.listening.signal });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event, false));
    on("lostpointercapture", (event) => this.up(event, false));
    on("pointercancel", (event) => this.up(event, true));
    on("pointerleave", () => this.ring.classList.remove("on"));
    // A long press with a finger or a pen would open a menu over the stroke.
    on("contextmenu", (event) => this.pointer !== null && event.preventDefault());
  }
}

// How wide the line is where a pen presses so, as a multiple of its width; other pointers feel no pressure.
function pressed(event) {
  return event.pointerType === "pen" ? 0.4 + 1.2 * event.pressure : undefined;
}
