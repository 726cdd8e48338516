// One slider for each number of a code, strongest first; the picture follows them at pointer speed.

const REST = 150; // ms after the last change until the strips of the other numbers follow

class Sliders {
  constructor(walk) {
    this.walk = walk;
    this.newest = new Newest(walk);
    this.root = node("div", "sliders");
    this.screen = new Pictures(1, 1, "large");
    this.screen.canvas.setAttribute("role", "img");
    this.screen.canvas.dataset.testid = "sliders-screen";
    this.strange = node("p", "reads");
    const buttons = node("div", "buttons");
    buttons.append(button("Reset", "", () => this.start(this.base)), button("Random", "", () => this.random()));
    const left = node("div", "sliders-left");
    left.append(this.screen.canvas, this.strange, buttons);
    this.cards = node("div", "cards");
    this.more = button("", "more", () => this.add());
    const right = node("div", "sliders-right");
    right.append(this.cards, this.more);
    this.root.append(left, right);
    this.watcher = new IntersectionObserver((seen) => this.seen(seen), { rootMargin: "200px" });
  }

  update(data) {
    this.data = data;
    this.screen.canvas.ariaLabel = data.label;
    if (data.name === this.name) return;
    this.name = data.name;
    for (const field of ["low", "high", "mean", "spread", "strength"]) this[field] = numbersOf(data[field]);
    this.base = numbersOf(data.code);
    this.code = this.base.slice();
    this.watcher.disconnect();
    this.sliders = new Map();
    this.visible = new Set();
    this.version = 0;
    this.cards.replaceChildren();
    this.add();
    this.redraw();
  }

  add() {
    const from = this.sliders.size, { order, shown, steps } = this.data;
    for (const place of order.slice(from, from + shown)) this.cards.append(this.card(place, steps));
    const left = order.length - this.sliders.size;
    this.more.hidden = !left;
    setText(this.more, `Show ${Math.min(left, shown)} more of ${left}`);
  }

  card(place, steps) {
    const card = node("div", "card"), head = node("p", "card-head"), value = node("span", "card-value");
    const bar = node("i", "card-bar");
    bar.style.width = `${84 * Math.sqrt(this.strength[place] / (Math.max(...this.strength) || 1))}px`;
    bar.title = "How much it changes this picture";
    head.append(node("b", "", `Number ${place + 1}`), bar, value);
    const [low, high] = [this.low[place], this.high[place]];
    const idle = !(high > low);
    card.append(head);
    const strip = new StripSlider(this.walk, {
      label: `Number ${place + 1}`, low: idle ? low - 1 : low, high: idle ? low + 1 : high, value: this.code[place], steps,
      code: (number) => this.with(place, number),
      moved: (number) => this.move(place, number),
      rested: () => this.rest(place),
    });
    strip.range.disabled = idle;
    card.classList.toggle("idle", idle);
    if (idle) card.append(node("p", "card-idle", "The same for every digit."));
    else card.append(strip.root);
    card.dataset.place = place;
    strip.range.onpointerdown = strip.range.onfocus = () => this.way(place);
    this.sliders.set(place, { strip, value, drawn: idle ? Infinity : -1 });
    setText(value, short(this.code[place]));
    if (!idle) this.watcher.observe(card);
    return card;
  }

  with(place, number) {
    const code = this.code.slice();
    code[place] = number;
    return code;
  }

  // ---- the picture

  move(place, number) {
    if (this.moving !== place) this.way(place);
    this.code[place] = number;
    setText(this.sliders.get(place).value, short(number));
    this.redraw(place);
  }

  redraw(place = null) {
    const { method, sample } = this.data.map;
    this.newest.ask({ kind: "code", codes: [sent(this.code)], map: { method, sample }, strange: true }, (reply) => {
      this.screen.paint(bytesOf(reply.images));
      this.screen.canvas.dataset.drawn = Number(this.screen.canvas.dataset.drawn ?? 0) + 1;
      setText(this.strange, strangely(reply.strange[0]));
      const strip = this.sliders.get(place)?.strip;
      if (strip) strip.announce(this.moving === place ? this.places : null, reply.places[0]);
      else if (reply.places[0]) this.walk.announce([reply.places[0]], 0);
    });
  }

  // The way of one number over the map, asked for when its slider is taken.
  async way(place) {
    if (this.moving === place && this.moved === this.version) return;
    Object.assign(this, { moving: place, moved: this.version, places: null });
    const { method, sample } = this.data.map, codes = this.sliders.get(place).strip.codes().map(sent);
    const places = [];
    for (const part of parts(codes, PLACED)) {
      const reply = await this.walk.ask({ kind: "code", codes: part.codes, map: { method, sample } });
      if (this.walk.closed || reply.error || this.moving !== place) return;
      places.push(...reply.places);
    }
    this.places = places;
  }

  rest(place) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.version += 1;
      const own = this.sliders.get(place);
      if (own) own.drawn = this.version; // its own strip shows all its values: it stays as it is
      this.fill();
    }, REST);
  }

  start(code) {
    this.code = code.slice();
    for (const [place, { strip, value }] of this.sliders) {
      strip.set(this.code[place]);
      setText(value, short(this.code[place]));
    }
    this.moving = null;
    this.redraw();
    this.rest(null);
  }

  // Each number on its own, as wide as it is for real digits; percentiles 1 and 99 are 4.65 deviations apart.
  random() {
    const code = this.mean.map((middle, i) => {
      const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
      return Math.min(this.high[i], Math.max(this.low[i], middle + (normal * this.spread[i]) / 4.65));
    });
    this.start(code);
  }

  // ---- the strips, as they come into view

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const place = Number(target.dataset.place);
      if (isIntersecting) this.visible.add(place);
      else this.visible.delete(place);
    }
    this.fill();
  }

  async fill() {
    if (this.filling) return;
    this.filling = true;
    for (let wanted; !this.walk.closed && (wanted = this.stale()); ) {
      const { version, sliders } = this;
      const reply = await this.strips(wanted.map((place) => sliders.get(place).strip));
      if (!reply) break;
      if (sliders === this.sliders) for (const place of wanted) sliders.get(place).drawn = version;
    }
    this.filling = false;
  }

  // Numbers in view whose strips are of an older code, as many as fit into one question.
  stale() {
    const size = Math.max(1, Math.floor(MOST / this.data.steps));
    const some = [...this.visible].filter((place) => this.sliders.get(place)?.drawn < this.version).slice(0, size);
    return some.length ? some : null;
  }

  async strips(strips) {
    const codes = strips.flatMap((strip) => strip.codes().map(sent)), { steps } = this.data;
    for (const part of parts(codes)) {
      const reply = await this.walk.ask({ kind: "code", codes: part.codes });
      if (this.walk.closed || reply.error) return false;
      const images = bytesOf(reply.images);
      part.codes.forEach((_, i) => {
        const place = part.from + i;
        strips[Math.floor(place / steps)].pictures.paint(images.subarray(i * PICTURE, (i + 1) * PICTURE), place % steps);
      });
    }
    return true;
  }

  close() {
    clearTimeout(this.timer);
    this.watcher.disconnect();
  }
}

// How far from real codes, in words and a number.
function strangely(strange) {
  if (strange === null || strange === undefined) return "Beyond all real codes.";
  if (strange < 0.005) return "The code of a real digit.";
  return `${strange.toFixed(1)} × the usual distance to the nearest real code.`;
}
