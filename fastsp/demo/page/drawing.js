// A drawing: strokes of a pen on top of an image, and the grey pixels that they make.

const RADIUS = 1.3; // of the pen in pixels, about that of the strokes of MNIST
const FILLED = 20 / 28; // of a side of the image by the longer side of a digit, as in MNIST
const MOST_GROWTH = 4; // of a small drawing

export class Drawing {
  constructor([height, width]) {
    this.height = height;
    this.width = width;
    this.load(new Uint8Array(height * width));
  }

  // Begin anew with an image.
  load(base) {
    this.base = base;
    this.strokes = [];
    this.isDrawn = !base.some(Boolean);
  }

  add(from, to, erasing) { this.strokes.push({ from: { ...from }, to: { ...to }, erasing }); }

  // The pixels as they were drawn.
  pixels() { return this.render(({ y, x }) => ({ y, x })); }

  // The same as MNIST was made: the digit is scaled into a box of 20 x 20 of 28 x 28 pixels, its centre of mass
  // comes to pixel (14, 14). The pen keeps its width. Images that were loaded stay as they are.
  centred() {
    const drawn = this.pixels();
    const inked = this.strokes.filter(({ erasing }) => !erasing).flatMap(({ from, to }) => [from, to])
      .filter(({ y, x }) => drawn[Math.floor(y) * this.width + Math.floor(x)]);
    if (!this.isDrawn || !inked.length) return drawn;
    const [top, bottom] = ends(inked.map(({ y }) => y)), [left, right] = ends(inked.map(({ x }) => x));
    const room = FILLED * Math.min(this.height, this.width) - 2 * RADIUS;
    const scale = Math.min(MOST_GROWTH, room / Math.max(bottom - top, right - left));
    const placed = (down, across) => ({ y, x }) => ({
      y: (y - (top + bottom) / 2) * scale + this.height / 2 + down,
      x: (x - (left + right) / 2) * scale + this.width / 2 + across,
    });
    const image = this.render(placed(0, 0));
    let mass = 0, y = 0, x = 0;
    image.forEach((ink, i) => {
      mass += ink;
      y += ink * (Math.floor(i / this.width) + 0.5);
      x += ink * ((i % this.width) + 0.5);
    });
    return this.render(placed((this.height + 1) / 2 - y / mass, (this.width + 1) / 2 - x / mass));
  }

  render(placed) {
    const image = Uint8Array.from(this.base);
    for (const { from, to, erasing } of this.strokes) {
      const start = placed(from), end = placed(to);
      const n = Math.max(1, Math.ceil(2 * Math.hypot(end.y - start.y, end.x - start.x)));
      for (let i = 0; i <= n; i++)
        this.stamp(image, start.y + ((end.y - start.y) * i) / n, start.x + ((end.x - start.x) * i) / n, erasing);
    }
    return image;
  }

  stamp(image, y, x, erasing) {
    for (let row = Math.floor(y - 2); row <= y + 2; row++)
      for (let column = Math.floor(x - 2); column <= x + 2; column++) {
        if (row < 0 || column < 0 || row >= this.height || column >= this.width) continue;
        const distance = Math.hypot(row + 0.5 - y, column + 0.5 - x);
        const ink = Math.round(255 * Math.max(0, Math.min(1, RADIUS + 0.5 - distance)));
        const at = row * this.width + column;
        image[at] = erasing ? Math.min(image[at], 255 - ink) : Math.max(image[at], ink);
      }
  }
}

function ends(values) { return [Math.min(...values), Math.max(...values)]; }
