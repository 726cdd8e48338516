// What lies over the points: rings, the selection's outline, a walk, torn points. Drawn alone, so that following the
// pointer costs no points.

const TORN = 100; // points marked
const CROSS = 4; // CSS pixels
const SIGN = [14, 17]; // CSS pixels that a class's name takes

class Over {
  constructor(canvas) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
  }

  resize(width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
  }

  // what: {view, points, count, text, paper, ratio, polygon, outline, hovered: a row, picked: [{row or x, y, name}],
  // walk, torn: rows}
  draw(what) {
    const { ctx, canvas } = this;
    Object.assign(this, what);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    ctx.setTransform(what.ratio, 0, 0, what.ratio, 0, 0);
    ctx.lineJoin = ctx.lineCap = "round";
    if (what.torn.length) this.crosses(what.torn);
    if (what.polygon) this.shape(what.polygon.map(([x, y]) => what.view.at(x, y)));
    if (what.outline) this.shape(what.outline.shape);
    if (what.walk) this.path(what.walk);
    what.picked.forEach((pick) => this.pick(pick));
    if (what.hovered >= 0 && what.hovered < what.count) this.ring(this.where(what.hovered), 6, 1.5);
  }

  where(row) {
    return this.view.at(this.points[2 * row], this.points[2 * row + 1]);
  }

  // Dark on light or the other way round, to be seen on every colour.
  stroke(width) {
    const { ctx } = this;
    ctx.strokeStyle = this.paper;
    ctx.lineWidth = width + 2.5;
    ctx.stroke();
    ctx.strokeStyle = this.text;
    ctx.lineWidth = width;
    ctx.stroke();
  }

  ring([x, y], radius, width) {
    this.ctx.beginPath();
    this.ctx.arc(x, y, radius, 0, 7);
    this.stroke(width);
  }

  pick({ row, x, y, name }) {
    if (row !== null && row >= this.count) return;
    const place = row === null ? this.view.at(x, y) : this.where(row);
    this.ring(place, 8, 2.2);
    if (name) this.letter(name, place[0] + 15, place[1] - 11);
  }

  letter(text, x, y) {
    const { ctx } = this;
    ctx.font = "700 13px sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineWidth = 4;
    ctx.strokeStyle = this.paper;
    ctx.strokeText(text, x, y);
    ctx.fillStyle = this.text;
    ctx.fillText(text, x, y);
  }

  shape(corners) {
    const { ctx } = this;
    if (corners.length < 2) return;
    ctx.beginPath();
    corners.forEach(([x, y]) => ctx.lineTo(x, y));
    ctx.closePath();
    ctx.globalAlpha = 0.07;
    ctx.fillStyle = this.text;
    ctx.fill("evenodd");
    ctx.globalAlpha = 1;
    this.stroke(1.2);
  }

  path({ path, at }) {
    const places = path.map(([x, y]) => this.view.at(x, y));
    this.ctx.beginPath();
    places.forEach(([x, y]) => this.ctx.lineTo(x, y));
    this.stroke(2);
    if (places[at]) {
      const [x, y] = places[at];
      this.ctx.beginPath();
      this.ctx.arc(x, y, 6, 0, 7);
      this.ctx.fillStyle = this.paper;
      this.ctx.fill();
      this.stroke(2.5);
    }
  }

  crosses(rows) {
    const { ctx } = this;
    ctx.beginPath();
    for (const row of rows) {
      if (row >= this.count) continue;
      const [x, y] = this.where(row);
      ctx.moveTo(x - CROSS, y - CROSS);
      ctx.lineTo(x + CROSS, y + CROSS);
      ctx.moveTo(x - CROSS, y + CROSS);
      ctx.lineTo(x + CROSS, y - CROSS);
    }
    this.stroke(1.4);
  }
}

// The rows whose neighbours the map tore furthest away, worst first.
function mostTorn(torn) {
  const rows = Array.from(torn.keys()).filter((row) => torn[row] > 0);
  return rows.sort((a, b) => torn[b] - torn[a]).slice(0, TORN);
}

// Names at places on the screen, moved down where one would cover another.
function besides(names) {
  const placed = [];
  for (const { at, ...name } of [...names].sort((a, b) => a.at[1] - b.at[1])) {
    let [x, y] = at;
    for (const { at: [left, top] } of placed) {
      if (Math.abs(left - x) < SIGN[0] && Math.abs(top - y) < SIGN[1]) y = top + SIGN[1];
    }
    placed.push({ ...name, at: [x, y] });
  }
  return placed;
}

// The names of the classes at the medians of their points, with where they are in map units.
function namesOf({ points, count }, labels, names) {
  return names.flatMap((name, label) => {
    const own = [[], []];
    for (let i = 0; i < count; i++) {
      if (labels[i] !== label) continue;
      own[0].push(points[2 * i]);
      own[1].push(points[2 * i + 1]);
    }
    if (!own[0].length) return [];
    const [x, y] = own.map((values) => Float32Array.from(values).sort()[values.length >> 1]);
    return [{ name, label, x, y }];
  });
}
