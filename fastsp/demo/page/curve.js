// Accuracy and entropy over learning cycles.

import { number } from "./map.js";
import { cssColour } from "./palette.js";

const MARGIN = { left: 38, right: 38, top: 6, bottom: 26 };
const STEPS = [1, 2, 5, 10, 20];
const FIRST = 50; // the place of cycle 0 on the logarithmic axis

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
    const most = Math.log(Math.max(1000, ...all.map(([cycles]) => cycles)) / FIRST);
    const x = (cycles) => MARGIN.left +
      (Math.log(Math.max(cycles, FIRST) / FIRST) / most) * (width - MARGIN.left - MARGIN.right);
    const room = height - MARGIN.top - MARGIN.bottom;
    const axis = (shares) => {
      const low = Math.max(0, Math.floor((Math.min(80, ...shares) - 1) / 5) * 5);
      return { low, y: (share) => height - MARGIN.bottom - ((share - low) / (100 - low)) * room };
    };
    const accuracy = axis(all.map((row) => row[1])), entropy = axis(all.map((row) => row[2]));
    this.axes(context, { width, height, most: FIRST * Math.exp(most), x, accuracy, entropy, room });
    points.forEach((rows, view) => {
      context.strokeStyle = context.fillStyle = cssColour(view ? "--b" : "--a");
      this.line(context, rows.map((row) => [x(row[0]), entropy.y(row[2])]), [3, 3], 1);
      this.line(context, rows.map((row) => [x(row[0]), accuracy.y(row[1])]), [], 1.8);
      const last = rows.at(-1);
      if (!last) return;
      context.beginPath();
      context.arc(x(last[0]), accuracy.y(last[1]), 2.6, 0, 7);
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

  axes(context, { width, height, most, x, accuracy, entropy, room }) {
    context.strokeStyle = cssColour("--line");
    context.fillStyle = cssColour("--muted");
    context.lineWidth = 1;
    context.textBaseline = "middle";
    for (const [{ low, y }, at, align] of [[accuracy, MARGIN.left - 3, "right"], [entropy, width - MARGIN.right + 3, "left"]]) {
      context.textAlign = align;
      const step = STEPS.find((one) => ((100 - low) / one) * 24 <= room) ?? 50;
      for (let share = 100; share >= low; share -= step) {
        context.fillText(share === 100 ? "100 %" : String(share), at, y(share));
        if (align === "right") this.line(context, [[MARGIN.left, y(share)], [width - MARGIN.right, y(share)]], [], 1);
      }
    }
    context.textBaseline = "alphabetic";
    context.textAlign = "center";
    for (const cycles of [0, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000].filter((one) => one <= most)) {
      this.line(context, [[x(cycles), height - MARGIN.bottom], [x(cycles), height - MARGIN.bottom + 4]], [], 1);
      if (cycles !== 100) context.fillText(cycles < 1_000_000 ? number(cycles) : `${cycles / 1e6} M`, x(cycles), height - 14);
    }
    context.fillText("learning cycles", (MARGIN.left + width - MARGIN.right) / 2, height - 3);
  }
}
