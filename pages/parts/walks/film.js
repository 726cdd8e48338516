// The way between two codes: a strip and a film of each way, the strip being what the film is dragged along.

const SPEEDS = [0.5, 1, 2];

class Film {
  constructor(walk) {
    this.walk = walk;
    this.at = 0; // where the film is, in frames
    this.step = 1; // -1 on the way back
    this.speed = 1;
    this.root = node("div", "film");
    this.screen = new Pictures(1, 1, "large");
    this.screen.canvas.setAttribute("role", "img");
    this.screen.canvas.dataset.testid = "film-screen";
    this.reads = node("p", "reads");
    const left = node("div", "film-left");
    left.append(this.screen.canvas, this.reads);
    this.ways = node("div", "ways");
    this.ways.setAttribute("role", "radiogroup");
    this.ways.ariaLabel = "Way";
    this.said = node("p", "said");
    this.said.role = "status";
    const right = node("div", "film-right");
    right.append(this.ways, this.controls(), this.said);
    this.root.append(left, right);
    this.root.onkeydown = (event) => this.key(event);
  }

  controls() {
    const bar = node("div", "film-bar");
    this.play = button("Play", "play", () => this.toggle());
    this.range = slider("Frame", 0, 1, 1, 0);
    this.range.oninput = () => this.seek(Number(this.range.value));
    this.count = node("span", "count");
    this.pace = button("1×", "pace", () => this.quicken());
    this.pace.title = "Speed of the film";
    this.pace.ariaLabel = "Speed 1×";
    bar.append(this.play, this.range, this.count, this.pace);
    return bar;
  }

  update(data) {
    this.data = data;
    if (data.name === this.name) return;
    this.name = data.name;
    this.films = data.ways.map((way) => ({ ...way, frames: bytesOf(way.frames) }));
    this.length = this.films[0].frames.length / PICTURE;
    this.range.max = this.length - 1;
    this.at = Math.min(this.at, this.length - 1);
    this.film = this.films.find(({ name }) => name === this.film?.name) ?? this.films[0];
    this.screen.canvas.ariaLabel = data.label;
    this.rows = this.films.map((film) => this.row(film));
    this.ways.replaceChildren(...this.rows.map(({ root }) => root));
    this.choose(this.film, false);
  }

  // A way: its name, its strip, and below that as what its frames are read.
  row(film) {
    const root = node("div", "way"), frames = [...Array(this.length).keys()];
    const shown = frames.filter((frame) => frame % this.data.strip === 0);
    const name = button(film.title, "way-name", () => this.choose(film));
    name.setAttribute("role", "radio");
    const strip = new Pictures(shown.length, shown.length);
    shown.forEach((frame, place) => strip.paint(film.frames.subarray(frame * PICTURE, (frame + 1) * PICTURE), place));
    const track = node("div", "track"), mark = node("i", "mark"), band = node("div", "band");
    strip.canvas.ariaHidden = "true";
    for (const label of film.reads) band.append(Object.assign(node("i"), { style: `background: ${this.data.palette[label]}` }));
    track.append(strip.canvas, mark);
    track.onpointerdown = (event) => {
      track.setPointerCapture(event.pointerId);
      this.pause();
      this.choose(film);
      this.drag(event, track);
    };
    track.onpointermove = (event) => event.buttons & 1 && this.drag(event, track);
    const body = node("div", "way-body");
    body.append(track, band);
    root.append(name, body);
    return { root, name, mark, film };
  }

  drag(event, track) {
    const box = track.getBoundingClientRect(), tile = box.width / (1 + (this.length - 1) / this.data.strip);
    const share = (event.clientX - box.left - tile / 2) / (box.width - tile);
    this.seek(Math.round(Math.min(1, Math.max(0, share)) * (this.length - 1)));
  }

  choose(film, byHand = true) {
    const other = film !== this.film;
    this.film = film;
    for (const row of this.rows) {
      const chosen = row.film === film;
      row.root.classList.toggle("chosen", chosen);
      row.name.setAttribute("aria-checked", String(chosen));
      row.name.tabIndex = chosen ? 0 : -1;
    }
    setText(this.said, film.said);
    if (byHand && other) this.walk.tell({ way: film.name });
    this.show();
  }

  seek(frame) {
    this.pause();
    this.at = frame;
    this.show();
  }

  show() {
    const frame = Math.round(this.at), { film } = this;
    this.screen.paint(film.frames.subarray(frame * PICTURE, (frame + 1) * PICTURE));
    this.screen.canvas.dataset.frame = frame;
    this.range.value = frame;
    setText(this.count, `${frame + 1} of ${this.length}`);
    setText(this.reads, film.reads.length ? `Read as ${this.data.classes[film.reads[frame]]}` : "");
    const tile = this.data.strip / (this.length - 1 + this.data.strip);
    const left = 100 * (tile / 2 + (1 - tile) * (frame / (this.length - 1)));
    for (const row of this.rows) row.mark.style.left = `${left}%`;
    this.walk.announce(film.path, frame, film.title);
  }

  // ---- playing, there and back

  toggle() {
    if (this.playing) return this.pause();
    if (this.at >= this.length - 1) this.step = -1;
    if (this.at <= 0) this.step = 1;
    setText(this.play, "Pause");
    this.seen = performance.now();
    const turn = (now) => {
      this.go(now);
      this.playing = requestAnimationFrame(turn);
    };
    this.playing = requestAnimationFrame(turn);
  }

  go(now) {
    const gone = Math.min(100, now - this.seen); // a page in the background stands still
    this.seen = now;
    const before = Math.round(this.at), last = this.length - 1;
    this.at += (this.step * this.speed * this.data.second * gone) / 1000;
    if (this.at >= last || this.at <= 0) {
      this.at = Math.min(last, Math.max(0, this.at));
      this.step = -this.step;
    }
    if (Math.round(this.at) !== before) this.show();
  }

  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = null;
    setText(this.play, "Play");
  }

  quicken() {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length];
    setText(this.pace, `${this.speed}×`);
    this.pace.ariaLabel = `Speed ${this.speed}×`;
  }

  key(event) {
    const places = { ArrowUp: -1, ArrowDown: 1 };
    if (event.target.getAttribute("role") === "radio" && event.key in places) {
      const count = this.rows.length, now = this.rows.findIndex(({ film }) => film === this.film);
      const row = this.rows[(now + places[event.key] + count) % count];
      this.choose(row.film);
      row.name.focus();
    } else if (event.key === " " && event.target === this.range) this.toggle();
    else return;
    event.preventDefault();
  }

  close() {
    this.pause();
  }
}
