// The drawing: an image of grey pixels, painted with mouse, finger, pen or keys.

import { Drawing } from "./drawing.js";
import { colour } from "./palette.js";

export class Pad {
  constructor(root, onChange) {
    this.root = root;
    this.onChange = onChange;
    this.centring = true;
    this.label = null;
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
    this.drawing = new Drawing([height, width]);
    this.pen = { y: height / 2, x: width / 2, down: false };
    this.pixels.height = height;
    this.pixels.width = width;
  }

  // Hold an image; its label, where it has one.
  set(image, label = null) {
    this.drawing.load(Uint8Array.from(image));
    this.label = label;
    this.changed();
  }

  clear() { this.set(new Uint8Array(this.height * this.width)); }

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
    const within = (share, size) => Math.max(0, Math.min(size - 0.01, share * size));
    return {
      y: within((event.clientY - box.top) / box.height, this.height),
      x: within((event.clientX - box.left) / box.width, this.width),
    };
  }

  // The pen begins a drawing of its own on a test image; the rubber changes the image.
  stroke(from, to) {
    if (!this.drawing.isDrawn && !this.erasing) this.drawing.load(new Uint8Array(this.height * this.width));
    this.drawing.add(from, to, this.erasing);
    this.label = null;
    this.changed();
  }

  // What the pooler is shown.
  image() { return this.centring ? this.drawing.centred() : this.drawing.pixels(); }

  changed() {
    this.show();
    this.onChange(this.image());
  }

  show() { if (this.drawing) paint(this.pixels, this.drawing.pixels(), this.width, this.height); }
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
