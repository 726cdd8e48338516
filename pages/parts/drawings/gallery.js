// The gallery: tiles are chosen by click, Shift and the keyboard; what is to happen to them is told to the page at once.

const SIDE = 28, SHEET_COLUMNS = 10;

class Gallery {
  constructor(root) {
    const find = (name) => root.querySelector(`.${name}`);
    this.root = find("gallery");
    this.tiles = find("tiles");
    this.count = find("count");
    this.all = find("all");
    this.hand = find("bar").querySelector("input");
    this.words = find("words");
    this.chosen = new Set();
    this.everything = false; // whether the drawings on other pages are chosen, too
    this.anchor = 0; // where a range begins
    for (let digit = 0; digit < 10; digit += 1) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: digit, ariaLabel: `They are a ${digit}` });
      button.onclick = () => this.act("relabel", digit);
      find("digits").append(button);
    }
    find("delete").onclick = () => this.act("delete");
    find("nothing").onclick = () => this.choose([]);
    this.all.onclick = () => this.chooseEverything();
    find("hand").onsubmit = (event) => {
      event.preventDefault();
      this.act("hand", this.hand.value);
    };
    this.tiles.onclick = (event) => this.click(event);
    this.tiles.onkeydown = (event) => this.key(event);
  }

  update(data, setState) {
    this.setState = setState;
    if (JSON.stringify(data) === this.shown) return; // the theme changed
    const focused = this.items().indexOf(document.activeElement?.shadowRoot?.activeElement ?? document.activeElement);
    this.shown = JSON.stringify(data);
    this.data = data;
    this.root.classList.remove("busy");
    this.tiles.replaceChildren(...data.tiles.map((tile, place) => this.tile(tile, place)));
    this.tiles.classList.toggle("wide", data.wide);
    const image = new Image();
    image.onload = () => this.paint(image);
    image.src = data.sheet;
    const there = new Set(data.tiles.map((tile) => tile.id));
    this.choose([...this.chosen].filter((id) => there.has(id)), this.everything && this.chosen.size > 0);
    this.anchor = Math.min(this.anchor, Math.max(0, data.tiles.length - 1));
    this.items()[this.anchor]?.setAttribute("tabindex", "0");
    if (focused >= 0) this.items()[Math.min(focused, data.tiles.length - 1)]?.focus();
  }

  tile({ id, text, aside, spoken }, place) {
    const tile = document.createElement("div");
    tile.className = "tile";
    tile.dataset.id = id;
    tile.dataset.place = place;
    tile.tabIndex = -1;
    tile.title = spoken;
    for (const [name, value] of [["role", "option"], ["aria-label", spoken], ["aria-selected", "false"]]) tile.setAttribute(name, value);
    const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    const line = Object.assign(document.createElement("span"), { className: "text", textContent: text });
    if (aside) line.append(Object.assign(document.createElement("span"), { className: "aside", textContent: " ○" }));
    tile.append(canvas, line);
    return tile;
  }

  paint(image) {
    this.items().forEach((tile, place) => {
      const x = (place % SHEET_COLUMNS) * SIDE, y = Math.floor(place / SHEET_COLUMNS) * SIDE;
      tile.firstChild.getContext("2d").drawImage(image, x, y, SIDE, SIDE, 0, 0, SIDE, SIDE);
    });
  }

  items() {
    return [...this.tiles.children];
  }

  choose(ids, everything = false) {
    this.chosen = new Set(ids);
    this.everything = everything;
    for (const tile of this.items()) tile.setAttribute("aria-selected", String(this.chosen.has(tile.dataset.id)));
    const count = everything ? this.data.total : this.chosen.size;
    this.root.classList.toggle("none", !count);
    this.count.textContent = `${count.toLocaleString("en")} chosen`;
    this.all.textContent = `All ${this.data.total.toLocaleString("en")}`;
    this.all.hidden = count === this.data.total;
    this.words.textContent = count ? `${count} chosen` : "";
  }

  chooseEverything() {
    this.choose(this.data.tiles.map((tile) => tile.id), true);
  }

  click(event) {
    const tile = event.target.closest(".tile");
    if (tile) this.pick(Number(tile.dataset.place), event.shiftKey);
  }

  // Choose one more or one less, or all from the last one on.
  pick(place, range) {
    const ids = this.data.tiles.map((tile) => tile.id);
    const chosen = this.everything ? new Set(ids) : new Set(this.chosen);
    if (range) {
      for (const id of ids.slice(Math.min(this.anchor, place), Math.max(this.anchor, place) + 1)) chosen.add(id);
    } else if (!chosen.delete(ids[place])) {
      chosen.add(ids[place]);
    }
    this.choose(chosen);
    this.go(place, range);
  }

  go(place, range = false) {
    this.items().forEach((tile, i) => (tile.tabIndex = i === place ? 0 : -1));
    this.items()[place]?.focus();
    if (!range) this.anchor = place;
  }

  key(event) {
    const items = this.items(), place = items.indexOf(event.target);
    if (place < 0) return;
    const columns = Math.max(1, items.filter((tile) => tile.offsetTop === items[0].offsetTop).length);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -place, End: items.length - 1 - place };
    const { key } = event;
    if (key in steps) {
      const to = Math.min(items.length - 1, Math.max(0, place + steps[key]));
      if (event.shiftKey) this.pick(to, true);
      else this.go(to);
    } else if (key === " " || key === "Enter") this.pick(place, event.shiftKey);
    else if (key === "a" && (event.ctrlKey || event.metaKey)) this.choose(this.data.tiles.map((tile) => tile.id));
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key === "Escape") this.choose([]);
    else if (key === "Delete" || key === "Backspace") this.act("delete");
    else if (/^[0-9]$/.test(key)) this.act("relabel", Number(key));
    else return;
    event.preventDefault();
  }

  act(what, value = null) {
    if (!this.chosen.size) return;
    const ids = this.everything ? null : [...this.chosen]; // null: all that the filter lets through
    this.root.classList.add("busy");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.root.classList.remove("busy"), 10_000); // the page has not answered
    this.choose([]);
    this.setState("act", { what, ids, value, stamp: Date.now() });
  }
}

export default function ({ parentElement, data, setStateValue }) {
  if (!parentElement.gallery?.root.isConnected) parentElement.gallery = new Gallery(parentElement);
  parentElement.gallery.update(data, setStateValue);
  return () => delete parentElement.gallery;
}
