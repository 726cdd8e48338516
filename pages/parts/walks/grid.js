// A grid of decoded codes, middle + temperature x step each; where the pointer is, the map shows its place.

class Grid {
  constructor(walk) {
    this.walk = walk;
    this.newest = new Newest(walk);
    this.temperature = 1;
    this.root = node("div", "grid");
    this.head = node("p", "card-head");
    this.value = node("span", "card-value");
    this.range = slider("Temperature", 0, 2, 0.05, 1);
    this.range.oninput = () => this.heat(Number(this.range.value));
    this.hot = node("label", "heat");
    this.hot.append(node("span", "", "Temperature"), this.range, this.value);
    this.body = node("div", "grid-body");
    this.root.append(this.head, this.hot, this.body);
  }

  update(data) {
    this.data = data;
    if (data.name === this.name) return;
    this.name = data.name;
    this.mean = numbersOf(data.mean);
    this.steps = numbersOf(data.steps);
    this.count = this.steps.length / this.mean.length;
    this.hot.hidden = !data.hot;
    this.head.replaceChildren(node("b", "", data.label));
    if (this.pictures?.count !== this.count) {
      this.pictures = new Pictures(data.columns, this.count, data.hot ? "" : "dense");
      const { canvas } = this.pictures;
      canvas.setAttribute("role", "img");
      canvas.dataset.testid = "grid-screen";
      canvas.onpointermove = canvas.onpointerdown = (event) => this.point(this.pictures.at(event));
      canvas.onpointerleave = () => this.walk.announce([], null);
      this.body.replaceChildren(canvas);
    }
    this.pictures.canvas.ariaLabel = data.label;
    this.heat(this.temperature);
  }

  code(place) {
    const k = this.mean.length;
    return this.mean.map((middle, i) => middle + this.temperature * this.steps[place * k + i]);
  }

  // All pictures anew, at the newest temperature; one round of questions at a time.
  async heat(temperature) {
    this.temperature = temperature;
    setText(this.value, temperature.toFixed(2));
    this.wanted = true;
    if (this.drawing) return;
    this.drawing = true;
    while (this.wanted && !this.walk.closed) {
      this.wanted = false;
      await this.draw();
    }
    this.drawing = false;
  }

  async draw() {
    const codes = Array.from({ length: this.count }, (_, place) => sent(this.code(place))), drawn = [];
    for (const part of parts(codes)) {
      const reply = await this.walk.ask({ kind: "code", codes: part.codes });
      if (this.walk.closed || reply.error) return;
      drawn.push([bytesOf(reply.images), part.from]);
    }
    for (const [images, from] of drawn) this.pictures.paint(images, from); // all of one temperature in one frame
    this.pictures.canvas.dataset.drawn = this.temperature;
  }

  point(place) {
    if (place === null || place === this.pointed) return;
    this.pointed = place;
    const { method, sample } = this.data.map;
    this.newest.ask({ kind: "code", codes: [sent(this.code(place))], map: { method, sample } }, (reply) => {
      if (reply.places[0]) this.walk.announce([reply.places[0]], 0);
    });
  }

  close() {}
}
