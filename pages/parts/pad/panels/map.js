// The latent map: the stored points of an autoencoder, and on it the drawing: a ring that moves with the pen, and a trail.

const TRAIL = 400; // answers the trail keeps
const APART = 0.006; // pad units of ink between two of them
const FADES = 6; // steps in which the trail fades
const MARGIN = 0.06; // of the map's side, around its points
const OUTLIERS = 0.003; // share of the points at each side that do not stretch the map
const EDGE = 12; // CSS pixels between the edge and a drawing that lies beyond it

class LatentMap {
  constructor(pad) {
    this.pad = pad;
    Object.assign(this, frame("map", "On the map", ""));
    this.growth = new Growth();
    this.ground = new Sheet("map-ground", () => this.fit());
    this.over = new Sheet("map-over", () => this.draw());
    this.ground.canvas.ariaHidden = "true";
    Object.assign(this.over.canvas, { role: "img", ariaLabel: "Latent map with the drawing's place" });
    this.over.canvas.dataset.testid = "map-over";
    this.missing = node("p", "map-missing");
    this.sentence = node("p", "map-said");
    this.sentence.dataset.testid = "map-said";
    for (const line of [this.missing, this.sentence]) line.role = "status";
    const plane = node("div", "map-plane");
    plane.append(this.ground.canvas, this.over.canvas, this.missing);
    this.near = new Near(this);
    const left = node("div", "map-left");
    left.append(plane, this.sentence);
    const body = node("div", "map-body");
    body.append(left, this.near.lists);
    this.root.append(body, this.near.morph.root);
    this.wipe();
  }

  update(data) {
    const wanted = JSON.stringify(data.map);
    if (wanted !== this.wanted) {
      this.wanted = wanted;
      this.source = data.map;
      this.map = null;
      this.trail = [];
      this.near.forget();
      setText(this.quiet, data.map ? `The ring is your drawing among the codes of ${data.map.name} (${data.map.title}).`
        : "Choose an autoencoder to see where a drawing lies among its codes.");
      this.miss(data.map ? "Fetching the map." : "");
      this.fit();
      this.load();
    }
    this.over.colours();
    if (this.ground.colours()) this.fit(); // the page is drawn anew at every rest of the pen: not so the map
  }

  question(q) {
    if (this.source) q.map = { run: this.source.run, method: this.source.method };
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.near.close();
    this.ground.close();
    this.over.close();
  }

  wipe() {
    this.growth.forget();
    this.trail = [];
    this.place = null;
    this.near.wipe();
    this.draw();
    setText(this.sentence, "");
  }

  settled() {
    this.near.morph.refresh();
  }

  miss(sentence) {
    setText(this.missing, sentence);
  }

  // ---- the map itself

  async load() {
    clearTimeout(this.timer);
    const { wanted, source } = this;
    if (!source || this.loading === wanted) return;
    this.loading = wanted;
    const reply = await this.pad.line.ask({ kind: "map", run: source.run, method: source.method });
    if (this.loading === wanted) this.loading = null;
    if (this.closed || wanted !== this.wanted) return;
    if (reply.error) {
      this.miss(source.version ? reply.error : "There is no map yet; it appears here as soon as it is computed.");
      this.timer = setTimeout(() => this.load(), RETRY);
      return;
    }
    this.miss("");
    this.map = { ...reply, points: new Float32Array(bytes(reply.points).buffer), labels: bytes(reply.labels) };
    this.bounds = [0, 1].map((axis) => spread(this.map.points, axis));
    this.fit();
  }

  // Lay the map into the canvas, both axes alike, and paint its points: only when they, the size or the theme change.
  fit() {
    const { map, ground } = this;
    const ctx = ground.width ? ground.clear() : null;
    if (!map || !ctx) return this.draw();
    const { width, height } = ground;
    const [x, y] = this.bounds;
    const scale = Math.min(width / (x.high - x.low), height / (y.high - y.low)) * (1 - 2 * MARGIN);
    const [middleX, middleY] = [(x.low + x.high) / 2, (y.low + y.high) / 2];
    this.at = (px, py) => [width / 2 + (px - middleX) * scale, height / 2 - (py - middleY) * scale];
    const radius = map.labels.length > 3000 ? 1.2 : 2;
    ctx.globalAlpha = 0.55;
    for (let i = 0; i < map.labels.length; i++) {
      const [cx, cy] = this.at(map.points[2 * i], map.points[2 * i + 1]);
      ctx.fillStyle = this.pad.data.palette[map.labels[i]];
      ctx.beginPath();
      ctx.arc(cx, cy, radius, 0, 7);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
    this.names(ctx);
    this.draw();
  }

  names(ctx) {
    const { points, labels, classes } = this.map;
    ctx.font = "700 15px sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.lineWidth = 4;
    ctx.strokeStyle = this.ground.paper;
    ctx.fillStyle = this.ground.text;
    classes.forEach((name, label) => {
      const own = points.filter((_, i) => labels[i >> 1] === label);
      if (!own.length) return;
      const [x, y] = this.at(...[0, 1].map((axis) => middle(own, axis)));
      ctx.strokeText(name, x, y);
      ctx.fillText(name, x, y);
    });
  }

  // ---- the drawing on it

  paint({ map }, asked) {
    if (!map) return;
    if (map.error) return this.fail(map.error);
    const key = JSON.stringify([asked.width, asked.off]);
    const change = asked.fraction < 1 ? "same" : this.growth.compare(asked.strokes);
    if (key !== this.key || change === "other") this.trail = [];
    this.key = key;
    this.leave({ at: asked.length, x: map.x, y: map.y });
    this.draw();
    this.near.show(map);
    this.say(map);
    this.near.morph.follow(asked.off);
  }

  fail(sentence) {
    this.place = null;
    this.near.wipe();
    this.draw();
    setText(this.sentence, this.map ? sentence : "");
    if (!this.map && this.source.version) this.miss(sentence);
  }

  leave(place) {
    this.place = place;
    const after = this.trail.findIndex(({ at }) => at >= place.at - APART);
    if (after < 0) this.trail.push(place);
    else if (this.trail[after].at > place.at + APART) this.trail.splice(after, 0, place);
    else this.trail[after] = place;
    if (this.trail.length > TRAIL) this.trail.shift();
  }

  say({ near }) {
    if (!near.length) return setText(this.sentence, "");
    const counts = Array(10).fill(0);
    for (const [, label] of near) counts[label] += 1;
    const label = best(counts);
    setText(this.sentence, `${counts[label]} of the ${near.length} nearest digits are ${this.named(label)}s.`);
  }

  named(label) {
    return this.map?.classes[label] ?? String(label);
  }

  draw() {
    const { over, place } = this;
    if (!over.width) return;
    const ctx = over.clear();
    if (!this.map || !place || !this.at) return;
    this.drawTrail(ctx);
    const [x, y] = this.at(place.x, place.y);
    const inside = [Math.min(over.width - EDGE, Math.max(EDGE, x)), Math.min(over.height - EDGE, Math.max(EDGE, y))];
    const beyond = Math.hypot(x - inside[0], y - inside[1]) > 1;
    Object.assign(over.canvas.dataset, { x: Math.round(inside[0]), y: Math.round(inside[1]), trail: this.trail.length });
    ctx.beginPath();
    if (beyond) arrow(ctx, inside, Math.atan2(y - inside[1], x - inside[0]));
    else ctx.arc(x, y, 7, 0, 7);
    this.outline(ctx, 2.5, 1);
  }

  // Only the trail up to what is shown: while a replay runs it has not been further.
  drawTrail(ctx) {
    const trail = this.trail.filter(({ at }) => at <= this.place.at + 1e-9);
    const size = Math.ceil(trail.length / FADES);
    for (let from = 0; from < trail.length; from += size) {
      ctx.beginPath();
      for (const { x, y } of trail.slice(Math.max(0, from - 1), from + size)) ctx.lineTo(...this.at(x, y));
      this.outline(ctx, 2, 0.25 + (0.6 * (from + size)) / (trail.length + size));
    }
  }

  // Dark on a light halo, or the other way round: to be seen on every colour.
  outline(ctx, width, alpha) {
    ctx.lineCap = ctx.lineJoin = "round";
    ctx.globalAlpha = alpha;
    for (const [colour, more] of [[this.over.paper, 3], [this.over.text, 0]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width + more;
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
  }
}

function arrow(ctx, [x, y], angle) {
  for (const [turn, reach] of [[2.5, 11], [0, 9], [-2.5, 11]]) {
    ctx.lineTo(x + reach * Math.cos(angle + turn), y + reach * Math.sin(angle + turn));
  }
  ctx.closePath();
}

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const along = (points, axis) => points.filter((_, i) => i % 2 === axis).sort();

const middle = (points, axis) => along(points, axis)[points.length >> 2];

// Where the points lie along one axis, all but a few outliers.
function spread(points, axis) {
  const sorted = along(points, axis);
  const out = Math.floor(sorted.length * OUTLIERS);
  const [low, high] = [sorted[out], sorted[sorted.length - 1 - out]];
  return high > low ? { low, high } : { low: low - 1, high: low + 1 };
}
