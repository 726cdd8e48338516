// A code, and some times the difference between two others added to it.

class Sum {
  constructor(walk) {
    this.walk = walk;
    this.newest = new Newest(walk);
    this.root = node("div", "sum");
    this.terms = node("div", "terms");
    this.under = node("div", "sum-slider");
    this.strange = node("p", "reads");
    this.strange.role = "status";
    this.root.append(this.terms, this.under);
  }

  update(data) {
    this.data = data;
    if (data.name === this.name) return;
    this.name = data.name;
    for (const field of ["code", "minus", "plus"]) this[field] = numbersOf(data[field]);
    this.amount ??= 1;
    this.shown = ["", "−", "+", "="].map((sign, i) => this.term(sign, data.titles[i] ?? "the sum", i === 3));
    this.terms.replaceChildren(...this.shown.map(({ root }) => root));
    this.strip = new StripSlider(this.walk, {
      label: "How many times the difference is added", low: -data.limit, high: data.limit, value: this.amount,
      steps: data.steps, step: 0.05,
      code: (amount) => this.at(amount),
      moved: (amount) => this.move(amount),
      rested: (amount) => this.walk.tell({ amount }),
    });
    this.said = node("p", "card-head");
    this.value = node("span", "card-value");
    this.said.append(node("b", "", "Times the difference"), this.value);
    this.under.replaceChildren(this.said, this.strip.root, this.strange);
    this.places = null;
    this.first();
    this.move(this.amount);
  }

  term(sign, title, large) {
    const root = node("figure", large ? "term result" : "term");
    const pictures = new Pictures(1, 1);
    pictures.canvas.setAttribute("role", "img");
    pictures.canvas.ariaLabel = title;
    if (large) pictures.canvas.dataset.testid = "sum-screen";
    const row = node("div", "term-row");
    row.append(node("span", "sign", sign), pictures.canvas);
    root.append(row, node("figcaption", "", title));
    return { root, pictures };
  }

  at(amount) {
    return this.code.map((value, i) => value + amount * (this.plus[i] - this.minus[i]));
  }

  // The terms themselves, and the strip with its way over the map: they stay the same while the slider moves.
  async first() {
    const { name } = this, { method, sample } = this.data.map;
    const codes = [this.code, this.minus, this.plus, ...this.strip.codes()].map(sent), places = [];
    for (const part of parts(codes, PLACED)) {
      const reply = await this.walk.ask({ kind: "code", codes: part.codes, map: { method, sample } });
      if (this.walk.closed || reply.error || name !== this.name) return;
      const images = bytesOf(reply.images);
      part.codes.forEach((_, i) => {
        const place = part.from + i, image = images.subarray(i * PICTURE, (i + 1) * PICTURE);
        if (place < 3) this.shown[place].pictures.paint(image);
        else this.strip.pictures.paint(image, place - 3);
      });
      places.push(...reply.places);
    }
    this.places = places.slice(3);
    this.move(this.amount);
  }

  move(amount) {
    this.amount = amount;
    setText(this.value, short(amount));
    const { method, sample } = this.data.map, { name } = this;
    this.newest.ask({ kind: "code", codes: [sent(this.at(amount))], map: { method, sample }, strange: true }, (reply) => {
      if (name !== this.name) return;
      const { pictures } = this.shown[3];
      pictures.paint(bytesOf(reply.images));
      pictures.canvas.dataset.amount = amount;
      setText(this.strange, strangely(reply.strange[0]));
      this.strip.announce(this.places, reply.places[0]);
    });
  }

  close() {}
}
