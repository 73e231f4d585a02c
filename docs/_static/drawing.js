/* A canvas to draw a digit on: with mouse, finger or pen, or with the keyboard.
 *
 *   const drawing = new Drawing(canvas, () => show(drawing.pixels(true)));
 *
 * The canvas is square. Keyboard: arrows move a cursor, and draw while Shift is held; the space bar
 * puts a dot; Delete or Backspace clears.
 */
(function (root) {
  "use strict";

  const SIDE = 28; // of the image that is read, in pixels
  const BOX = 20; // the longer side of a digit in it, as in MNIST

  class Drawing {
    constructor(canvas, changed) {
      this.canvas = canvas;
      this.changed = changed;
      this.paper = document.createElement("canvas"); // what is drawn, without the cursor
      this.paper.width = this.paper.height = canvas.width;
      this.ink = this.paper.getContext("2d", { willReadFrequently: true });
      this.place = null; // where the pen is
      this.loaded = null; // an image that was shown, and not drawn on since
      this.cursor = { x: canvas.width / 2, y: canvas.width / 2 };
      canvas.addEventListener("pointerdown", (event) => this.begin(event));
      canvas.addEventListener("pointermove", (event) => this.move(event));
      for (const name of ["pointerup", "pointercancel"]) {
        canvas.addEventListener(name, () => (this.place = null));
      }
      canvas.addEventListener("keydown", (event) => this.press(event));
      for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.paint());
      this.clear();
    }

    clear() {
      this.loaded = null;
      this.ink.fillStyle = "black";
      this.ink.fillRect(0, 0, this.paper.width, this.paper.width);
      this.update();
    }

    /** Show an image of 28 x 28 bytes. */
    load(pixels) {
      const image = new ImageData(SIDE, SIDE);
      for (let i = 0; i < pixels.length; i++) {
        image.data.fill(pixels[i], 4 * i, 4 * i + 3);
        image.data[4 * i + 3] = 255;
      }
      const small = document.createElement("canvas");
      small.width = small.height = SIDE;
      small.getContext("2d").putImageData(image, 0, 0);
      this.ink.drawImage(small, 0, 0, this.paper.width, this.paper.width);
      this.loaded = Uint8Array.from(pixels);
      this.update();
    }

    /** The image, 28 x 28 bytes; what is drawn `centred` and scaled as in MNIST. */
    pixels(centred) {
      if (this.loaded) return this.loaded;
      const size = this.paper.width;
      const { data } = this.ink.getImageData(0, 0, size, size);
      const ink = Float64Array.from({ length: size * size }, (_, i) => data[4 * i]);
      const frame = centred ? fitted(ink, size) : { x: 0, y: 0, side: size };
      return averaged(ink, size, frame);
    }

    begin(event) {
      event.preventDefault();
      this.canvas.focus();
      this.canvas.setPointerCapture(event.pointerId);
      this.place = this.at(event);
      this.stroke(this.place, this.place);
    }

    move(event) {
      if (!this.place) return;
      const next = this.at(event);
      this.stroke(this.place, next);
      this.place = next;
    }

    press(event) {
      const step = this.canvas.width / SIDE;
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const move = moves[event.key];
      if (move) {
        const limit = (value) => Math.min(Math.max(value, step), this.canvas.width - step);
        const before = this.cursor;
        this.cursor = {
          x: limit(before.x + move[0] * step),
          y: limit(before.y + move[1] * step),
        };
        if (event.shiftKey) this.stroke(before, this.cursor);
        else this.paint();
      } else if (event.key === " ") this.stroke(this.cursor, this.cursor);
      else if (event.key === "Delete" || event.key === "Backspace") this.clear();
      else return;
      event.preventDefault();
    }

    at(event) {
      const box = this.canvas.getBoundingClientRect();
      const scale = this.canvas.width / box.width;
      return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
    }

    stroke(from, to) {
      this.loaded = null;
      this.ink.strokeStyle = "white";
      this.ink.lineCap = this.ink.lineJoin = "round";
      this.ink.lineWidth = this.canvas.width / 12;
      this.ink.beginPath();
      this.ink.moveTo(from.x, from.y);
      this.ink.lineTo(to.x, to.y);
      this.ink.stroke();
      this.update();
    }

    update() {
      this.paint();
      this.changed();
    }

    paint() {
      const context = this.canvas.getContext("2d");
      context.drawImage(this.paper, 0, 0);
      if (!this.canvas.matches(":focus-visible")) return; // the cursor is for the keyboard
      const reach = this.canvas.width / SIDE / 2;
      context.strokeStyle = "orange";
      context.lineWidth = 2;
      context.strokeRect(this.cursor.x - reach, this.cursor.y - reach, 2 * reach, 2 * reach);
    }
  }

  /** The square that becomes the image: 28/20 of the digit, its centre of mass in the middle. */
  function fitted(ink, size) {
    let [left, right, top, bottom] = [size, -1, size, -1];
    let [mass, sumX, sumY] = [0, 0, 0];
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const value = ink[y * size + x];
        if (value < 32) continue;
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
        mass += value;
        sumX += value * (x + 0.5);
        sumY += value * (y + 0.5);
      }
    }
    if (mass === 0) return { x: 0, y: 0, side: size };
    const side = (Math.max(right - left, bottom - top, size / 8) + 1) * (SIDE / BOX);
    return { x: sumX / mass - side / 2, y: sumY / mass - side / 2, side };
  }

  /** The image within a square: the mean of the ink under each pixel. */
  function averaged(ink, size, { x, y, side }) {
    const pixels = new Uint8Array(SIDE * SIDE);
    const step = side / SIDE;
    const samples = Math.max(2, Math.ceil(step));
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        let sum = 0;
        for (let i = 0; i < samples; i++) {
          const inkY = Math.floor(y + (row + (i + 0.5) / samples) * step);
          for (let j = 0; j < samples; j++) {
            const inkX = Math.floor(x + (column + (j + 0.5) / samples) * step);
            const inside = inkX >= 0 && inkX < size && inkY >= 0 && inkY < size;
            if (inside) sum += ink[inkY * size + inkX];
          }
        }
        pixels[row * SIDE + column] = Math.round(sum / samples ** 2);
      }
    }
    return pixels;
  }

  root.Drawing = Drawing;
})(globalThis);
