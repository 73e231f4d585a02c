// Accuracy and entropy over learning cycles.

import { number } from "./map.js";
import { cssColour } from "./palette.js";

const MARGIN = { left: 38, right: 8, top: 6, bottom: 26 };
const STEPS = [1, 2, 5, 10, 20];

export class Curve {
  constructor(root, hello) {
    this.canvas = root.querySelector("canvas");
    root.querySelector(".tried").textContent = `accuracy, ${number(hello.tried)} test images`;
  }

  show(curves) {
    const { clientWidth: width, clientHeight: height } = this.canvas, ratio = devicePixelRatio || 1;
    if (width < 60 || height < 60) return;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = `10px ${getComputedStyle(document.body).fontFamily}`;
    const points = curves.map((values) => {
      const rows = [];
      for (let i = 0; i < values.length; i += 3) rows.push([values[i], 100 * values[i + 1], 100 * values[i + 2]]);
      return rows;
    });
    const all = points.flat();
    const most = Math.max(1000, ...all.map(([cycles]) => cycles));
    const least = all.length ? Math.min(...all.flatMap(([, accuracy, entropy]) => [accuracy, entropy])) : 80;
    const low = Math.max(0, Math.floor((least - 1) / 5) * 5);
    const x = (cycles) => MARGIN.left + (cycles / most) * (width - MARGIN.left - MARGIN.right);
    const y = (share) => height - MARGIN.bottom - ((share - low) / (100 - low)) * (height - MARGIN.top - MARGIN.bottom);
    this.axes(context, { width, height, low, most, x, y });
    points.forEach((rows, view) => {
      context.strokeStyle = context.fillStyle = cssColour(view ? "--b" : "--a");
      this.line(context, rows.map(([cycles, , entropy]) => [x(cycles), y(entropy)]), [3, 3], 1);
      this.line(context, rows.map(([cycles, accuracy]) => [x(cycles), y(accuracy)]), [], 1.8);
      const last = rows.at(-1);
      if (!last) return;
      context.beginPath();
      context.arc(x(last[0]), y(last[1]), 2.6, 0, 7);
      context.fill();
    });
  }

  line(context, places, dashes, width) {
    context.setLineDash(dashes);
    context.lineWidth = width;
    context.beginPath();
    places.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
    context.setLineDash([]);
  }

  axes(context, { width, height, low, most, x, y }) {
    context.strokeStyle = cssColour("--line");
    context.fillStyle = cssColour("--muted");
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    const room = height - MARGIN.top - MARGIN.bottom;
    const step = STEPS.find((one) => ((100 - low) / one) * 24 <= room) ?? 50;
    for (let share = 100; share >= low; share -= step) {
      context.beginPath();
      context.moveTo(MARGIN.left, Math.round(y(share)) + 0.5);
      context.lineTo(width - MARGIN.right, Math.round(y(share)) + 0.5);
      context.stroke();
      context.fillText(share === 100 ? "100 %" : String(share), MARGIN.left - 3, y(share));
    }
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.fillText("0", MARGIN.left, height - 14);
    context.textAlign = "right";
    context.fillText(number(most, 0), x(most), height - 14);
    context.textAlign = "center";
    context.fillText("learning cycles", (MARGIN.left + width - MARGIN.right) / 2, height - 3);
  }
}
