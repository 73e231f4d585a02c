// One map: pixels, marks above them, a cross hair, a title and a scale.

import { CIVIDIS, GRADIENT, colour } from "./palette.js";

export const number = (value, digits = 1) =>
  Number.isFinite(value) ? value.toLocaleString("en", { maximumFractionDigits: digits }) : "–";

export class Plot {
  constructor(parent, title, layout) {
    const made = document.getElementById("map").content.cloneNode(true);
    this.root = made.querySelector(".map");
    this.layout = layout;
    const find = (selector) => this.root.querySelector(selector);
    this.frame = find(".frame");
    this.cross = find(".cross");
    this.at = find(".at");
    this.low = find(".low");
    this.high = find(".high");
    this.gradient = find(".scale i");
    this.gradient.style.setProperty("--gradient", GRADIENT);
    this.marks = find(".marks");
    this.setTitle(title);
    const pixels = find(".pixels");
    pixels.width = layout.width;
    pixels.height = layout.height;
    this.context = pixels.getContext("2d");
    this.image = this.context.createImageData(layout.width, layout.height);
    this.colours = new Uint32Array(this.image.data.buffer);
    parent.append(this.root);
  }

  setTitle(title) { this.root.querySelector(".title").textContent = title; }

  // Values of all columns, coloured from the least to the greatest.
  drawValues(values, unit, { least, greatest, digits = 1 } = {}) {
    let low = least ?? Infinity, high = greatest ?? -Infinity;
    if (least === undefined || greatest === undefined)
      for (const value of values) {
        if (!Number.isFinite(value)) continue;
        if (least === undefined && value < low) low = value;
        if (greatest === undefined && value > high) high = value;
      }
    if (!(high > low)) high = low + 1;
    const factor = 255 / (high - low);
    const nothing = colour("--line");
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) {
        this.colours[this.layout.pixel(i)] = nothing;
        continue;
      }
      const shade = Math.max(0, Math.min(255, (values[i] - low) * factor));
      this.colours[this.layout.pixel(i)] = CIVIDIS[shade | 0];
    }
    this.values = values;
    this.digits = digits;
    this.show();
    this.setScale(number(low, digits), `${number(high, digits)} ${unit}`);
  }

  // A few of many: background, and what is chosen in a colour.
  // under(y, x): whether the background is darker at shares of height and width.
  drawChosen(chosen, { off = [], ink = "--active", under } = {}) {
    const paper = colour("--paper"), faint = colour("--faint"), { height, width } = this.layout;
    for (let i = 0; i < this.colours.length; i++)
      this.colours[i] = under?.((Math.floor(i / width) + 0.5) / height, ((i % width) + 0.5) / width) ? faint : paper;
    const inked = colour(ink), hatched = colour("--muted");
    for (const column of off) this.colours[this.layout.pixel(column)] = hatched;
    for (const column of chosen) this.colours[this.layout.pixel(column)] = inked;
    this.values = undefined;
    this.show();
  }

  setScale(low, high) {
    this.low.textContent = low;
    this.high.textContent = high;
    this.gradient.classList.toggle("none", high === "");
  }

  show() { this.context.putImageData(this.image, 0, 0); }

  // Cross hair at a place, as shares of height and width; null for none.
  point(place) {
    this.cross.hidden = !place;
    this.at.textContent = "";
    if (!place) return;
    this.cross.style.top = `${100 * place.y}%`;
    this.cross.style.left = `${100 * place.x}%`;
    const column = this.columnAt(place);
    if (this.values && column >= 0) this.at.textContent = number(this.values[column], this.digits);
  }

  columnAt({ y, x }) {
    return this.layout.column(Math.floor(y * this.layout.height), Math.floor(x * this.layout.width));
  }

  placeOf(event) {
    const box = this.frame.getBoundingClientRect();
    const within = (value) => Math.max(0, Math.min(0.9999, value));
    return {
      y: within((event.clientY - box.top) / box.height),
      x: within((event.clientX - box.left) / box.width),
    };
  }

  // Marks are drawn in screen pixels: paint(context, width of one pixel of the map).
  mark(paint) {
    const { clientWidth, clientHeight } = this.frame, ratio = devicePixelRatio || 1;
    if (this.marks.width !== Math.round(clientWidth * ratio) || this.marks.height !== Math.round(clientHeight * ratio)) {
      this.marks.width = Math.round(clientWidth * ratio);
      this.marks.height = Math.round(clientHeight * ratio);
    }
    const context = this.marks.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.marks.width, this.marks.height);
    context.scale(ratio, ratio);
    paint?.(context, clientWidth / this.layout.width, clientHeight / this.layout.height);
  }
}
