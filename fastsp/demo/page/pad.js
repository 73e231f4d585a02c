// The drawing: an image of grey pixels, painted with mouse, finger, pen or keys.

import { colour } from "./palette.js";

const RADIUS = 1.55; // pixels, about that of the strokes of MNIST

export class Pad {
  constructor(root, onChange) {
    this.root = root;
    this.onChange = onChange;
    this.cursor = root.querySelector(".cursor");
    this.pixels = root.querySelector(".pixels");
    root.addEventListener("pointerdown", (event) => this.begin(event));
    root.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"])
      root.addEventListener(kind, () => { this.last = null; });
    root.addEventListener("contextmenu", (event) => event.preventDefault());
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("focus", () => this.showCursor(root.matches(":focus-visible")));
    root.addEventListener("blur", () => this.showCursor(false));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
  }

  resize([height, width]) {
    this.height = height;
    this.width = width;
    this.image = new Uint8Array(height * width);
    this.pen = { y: height / 2, x: width / 2, down: false };
    this.pixels.height = height;
    this.pixels.width = width;
  }

  set(image) {
    this.image = Uint8Array.from(image);
    this.changed();
  }

  clear() { this.set(new Uint8Array(this.image.length)); }

  // Move the centre of mass to the middle, by whole pixels.
  centre() {
    let mass = 0, y = 0, x = 0;
    this.image.forEach((ink, i) => {
      mass += ink;
      y += ink * Math.floor(i / this.width);
      x += ink * (i % this.width);
    });
    if (!mass) return;
    const down = Math.round((this.height - 1) / 2 - y / mass), right = Math.round((this.width - 1) / 2 - x / mass);
    const moved = new Uint8Array(this.image.length);
    this.image.forEach((ink, i) => {
      const row = Math.floor(i / this.width) + down, column = (i % this.width) + right;
      if (row >= 0 && row < this.height && column >= 0 && column < this.width)
        moved[row * this.width + column] = ink;
    });
    this.set(moved);
  }

  begin(event) {
    event.preventDefault();
    this.root.focus({ preventScroll: true });
    this.showCursor(false);
    this.root.setPointerCapture(event.pointerId);
    this.erasing = event.button === 2 || (event.buttons & 32) !== 0;
    this.last = this.placeOf(event);
    this.stroke(this.last, this.last);
  }

  move(event) {
    if (!this.last) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const place = this.placeOf(one);
      this.stroke(this.last, place);
      this.last = place;
    }
  }

  key(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key in steps) {
      const before = { ...this.pen }, [dy, dx] = steps[event.key];
      this.pen.y = Math.max(0, Math.min(this.height - 0.01, this.pen.y + dy));
      this.pen.x = Math.max(0, Math.min(this.width - 0.01, this.pen.x + dx));
      if (this.pen.down) this.stroke(before, this.pen);
    } else if (event.key === " ") {
      this.pen.down = !this.pen.down;
      this.erasing = false;
      if (this.pen.down) this.stroke(this.pen, this.pen);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else return;
    event.preventDefault();
    this.showCursor(true);
  }

  showCursor(shown) {
    this.cursor.hidden = !shown;
    this.cursor.classList.toggle("down", this.pen.down);
    this.cursor.style.top = `${(100 * this.pen.y) / this.height}%`;
    this.cursor.style.left = `${(100 * this.pen.x) / this.width}%`;
  }

  placeOf(event) {
    const box = this.root.getBoundingClientRect();
    return {
      y: ((event.clientY - box.top) / box.height) * this.height,
      x: ((event.clientX - box.left) / box.width) * this.width,
    };
  }

  stroke(from, to) {
    const n = Math.max(1, Math.ceil(2 * Math.hypot(to.y - from.y, to.x - from.x)));
    for (let i = 0; i <= n; i++)
      this.stamp(from.y + ((to.y - from.y) * i) / n, from.x + ((to.x - from.x) * i) / n);
    this.changed();
  }

  stamp(y, x) {
    for (let row = Math.floor(y - 2); row <= y + 2; row++)
      for (let column = Math.floor(x - 2); column <= x + 2; column++) {
        if (row < 0 || column < 0 || row >= this.height || column >= this.width) continue;
        const distance = Math.hypot(row + 0.5 - y, column + 0.5 - x);
        const ink = Math.round(255 * Math.max(0, Math.min(1, RADIUS + 0.5 - distance)));
        const at = row * this.width + column;
        this.image[at] = this.erasing ? Math.min(this.image[at], 255 - ink) : Math.max(this.image[at], ink);
      }
  }

  changed() {
    this.show();
    this.onChange(this.image);
  }

  show() { if (this.image) paint(this.pixels, this.image, this.width, this.height); }
}

// Draw grey pixels as ink on paper.
export function paint(canvas, image, width, height) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), data = context.createImageData(width, height);
  const [ink, paper] = [colour("--ink"), colour("--panel")];
  for (let i = 0; i < image.length; i++)
    for (let k = 0; k < 4; k++) {
      const shift = 8 * k, low = (paper >>> shift) & 255, high = (ink >>> shift) & 255;
      data.data[4 * i + k] = low + ((high - low) * image[i]) / 255;
    }
  context.putImageData(data, 0, 0);
}
