// One pooler: its switches, its gauges, and the stages from input bits to active columns.

import { Layout } from "./layout.js";
import { Plot, number } from "./map.js";
import { cssColour } from "./palette.js";

const WORDS = { on_off: "on, off", on: "on", trained: "learning", untrained: "untrained" };
const COMPETED = { gaussian: "local SD" };
const BRUSH = 1; // columns to each side that are rubbed out at once

export class Pipeline {
  constructor(parent, view, hello, { set, select, rub, point, isRubbing }) {
    const made = document.getElementById("pipeline").content.cloneNode(true);
    this.root = made.querySelector(".pipeline");
    this.root.dataset.view = view;
    this.hello = hello;
    this.does = { select, rub, point, isRubbing };
    this.columns = new Layout(hello.column_shape);
    this.inputs = new Layout(hello.image_shape);
    this.heading = this.root.querySelector("h2");
    this.heading.textContent = "AB"[view];
    this.root.setAttribute("aria-label", `Pooler ${"AB"[view]}`);
    this.changedAt = -Infinity;
    this.selects = [...this.root.querySelectorAll("select")];
    for (const select of this.selects) {
      const name = select.dataset.setting;
      for (const value of hello.choices[name]) select.add(new Option(WORDS[value] ?? value, value));
      select.addEventListener("change", () => {
        this.changedAt = performance.now();
        set(name, select.value);
      });
    }
    const stages = this.root.querySelector(".stages");
    this.bits = new Plot(stages, "Input bits", this.inputs);
    this.overlaps = new Plot(stages, "Overlap", this.columns);
    this.boosted = new Plot(stages, "Boosted overlap", this.columns);
    this.inhibited = new Plot(stages, "Inhibited", this.columns);
    this.active = new Plot(stages, "Active columns", this.columns);
    this.plots = [this.bits, this.overlaps, this.boosted, this.inhibited, this.active];
    this.plots.forEach((plot, i) => this.listen(plot, i > 0));
    this.tells = this.plots.map((plot) => {
      const sentence = document.createElement("p");
      sentence.className = "note tells";
      plot.root.append(sentence);
      return sentence;
    });
    this.lines = document.createElement("canvas");
    this.lines.className = "lines";
    stages.append(this.lines);
    this.steer();
    parent.append(this.root);
  }

  listen(plot, ofColumns) {
    const { frame } = plot;
    plot.root.classList.toggle("columns", ofColumns);
    frame.addEventListener("pointermove", (event) => {
      const place = plot.placeOf(event);
      this.does.point({ ...place, column: ofColumns ? plot.columnAt(place) : -1 });
      if (this.isDown && ofColumns) this.rubAt(place);
    });
    frame.addEventListener("pointerleave", () => this.does.point(null));
    if (!ofColumns) return;
    frame.addEventListener("pointerdown", (event) => {
      if (!this.does.isRubbing()) return;
      event.preventDefault();
      frame.setPointerCapture(event.pointerId);
      this.isDown = true;
      this.rubAt(plot.placeOf(event));
    });
    for (const kind of ["pointerup", "pointercancel"])
      frame.addEventListener(kind, () => { this.isDown = false; });
    frame.addEventListener("click", (event) => {
      const column = plot.columnAt(plot.placeOf(event));
      if (!this.does.isRubbing() && column >= 0) this.does.select(column);
    });
  }

  // The map of active columns can be walked with the arrow keys.
  steer() {
    const { frame } = this.active, { height, width } = this.columns;
    let y = height >> 1, x = width >> 1;
    frame.tabIndex = 0;
    frame.setAttribute("role", "application");
    frame.setAttribute("aria-label",
      "Active columns. Arrow keys move, Enter looks at a column, Delete rubs columns out.");
    const place = () => ({ y: (y + 0.5) / height, x: (x + 0.5) / width });
    frame.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 5 : 1;
      if (event.key === "ArrowUp") y = Math.max(0, y - step);
      else if (event.key === "ArrowDown") y = Math.min(height - 1, y + step);
      else if (event.key === "ArrowLeft") x = Math.max(0, x - step);
      else if (event.key === "ArrowRight") x = Math.min(width - 1, x + step);
      else if (event.key === "Enter") {
        const column = this.columns.column(y, x);
        if (column >= 0) this.does.select(column);
      } else if (event.key === "Delete") this.rubAt(place());
      else return;
      event.preventDefault();
      this.does.point({ ...place(), column: this.columns.column(y, x) });
    });
    frame.addEventListener("blur", () => this.does.point(null));
  }

  rubAt(place) {
    const y = Math.floor(place.y * this.columns.height), x = Math.floor(place.x * this.columns.width);
    const rubbed = [];
    for (let dy = -BRUSH; dy <= BRUSH; dy++)
      for (let dx = -BRUSH; dx <= BRUSH; dx++) {
        const column = this.columns.column(y + dy, x + dx);
        if (column >= 0) rubbed.push(column);
      }
    this.does.rub(rubbed);
  }

  point(place) { for (const plot of this.plots) plot.point(place); }

  show(view, arrays, { running, selected, chosen }) {
    this.root.classList.toggle("chosen", chosen);
    this.showSettings(view.settings);
    const percent = (value) => `${number(100 * value)} %`;
    this.gauge("cycles", number(view.cycles));
    this.gauge("rate", running && view.cycles_per_second ? number(view.cycles_per_second, 0) : "paused");
    this.gauge("entropy", percent(view.entropy));
    this.gauge("accuracy", view.accuracy === null ? "–" : percent(view.accuracy));

    const both = view.settings.channels === "on_off";
    const on = [], n = this.inputs.size;
    let nOn = 0;
    for (let i = 0; i < arrays.bits.length; i++) nOn += arrays.bits[i];
    for (let i = 0; i < n; i++) if (arrays.bits[both ? 2 * i : i]) on.push(i);
    this.bits.drawChosen(on, { ink: "--ink" });
    this.bits.setScale(`${number(nOn)} of ${number(arrays.bits.length)} bits on`, "");
    this.overlaps.drawValues(arrays.overlaps, "synapses", { digits: 0 });
    this.boosted.drawValues(arrays.boosted, "synapses");
    this.inhibited.setTitle(view.settings.inhibition === "gaussian" ? "Locally inhibited" : "Competing");
    this.inhibited.drawValues(arrays.inhibited, COMPETED[view.settings.inhibition] ?? "synapses",
      {});
    const { height, width } = this.inputs;
    this.active.drawChosen(arrays.active, {
      off: arrays.off,
      under: (y, x) => arrays.bits[(both ? 2 : 1) * (Math.floor(y * height) * width + Math.floor(x * width))],
    });
    const share = number((100 * arrays.active.length) / this.columns.size, 2);
    this.active.setScale(`${number(arrays.active.length)} of ${number(this.columns.size)}, ${share} %` +
      (arrays.off.length ? ` · ${number(arrays.off.length)} off` : ""), "");
    Object.assign(this.active.frame.dataset, { active: arrays.active.length, off: arrays.off.length });
    this.markSelected(selected);
    this.markSeen(view, arrays, both);
    this.drawLines(selected, arrays, both);
    this.tell(view.settings, both);
  }

  // One sentence for each stage.
  tell({ inhibition, boosting }, both) {
    const texts = [
      both ? "Each pixel is two bits: ink (ON) and no ink (OFF)." : "Each pixel is a bit, on where there is ink.",
      "Each column counts the bits it is connected to that are on.",
      boosting === "none" ? "Nothing is boosted: the counts stay as they are." :
        "Counts are multiplied: more where a column was seldom active.",
      { gaussian: "Each is compared with its neighbours: by how much it stands out.", local: "Each is compared with its neighbours.",
        global: "Each is compared with all others.", grouped: "Each is compared with the others of its group." }[inhibition],
      "The best are chosen. They are the code of the drawing.",
    ];
    this.tells.forEach((sentence, i) => {
      if (sentence.textContent !== texts[i]) sentence.textContent = texts[i];
    });
  }

  // From the selected column to the bits that it counts.
  drawLines(selected, { inputs, permanences, bits }, both) {
    const { lines } = this, ratio = devicePixelRatio || 1, box = lines.getBoundingClientRect();
    lines.width = Math.round(box.width * ratio);
    lines.height = Math.round(box.height * ratio);
    if (selected === null || !inputs) return;
    const context = lines.getContext("2d");
    context.scale(ratio, ratio);
    const middle = (plot, pixel) => {
      const { left, top, width, height } = plot.frame.getBoundingClientRect(), { layout } = plot;
      return [left - box.left + ((pixel % layout.width + 0.5) * width) / layout.width,
        top - box.top + ((Math.floor(pixel / layout.width) + 0.5) * height) / layout.height];
    };
    const from = middle(this.overlaps, this.columns.pixel(selected));
    context.strokeStyle = cssColour("--active");
    context.globalAlpha = 0.45;
    context.beginPath();
    inputs.forEach((input, i) => {
      if (permanences[i] < this.hello.connected_threshold || !bits[input]) return;
      context.moveTo(...from);
      context.lineTo(...middle(this.bits, both ? input >> 1 : input));
    });
    context.stroke();
  }

  showSettings(settings) {
    if (performance.now() - this.changedAt < 400) return; // pictures from before are on their way
    for (const select of this.selects) {
      const value = settings[select.dataset.setting];
      if (select.value !== value) select.value = value;
    }
  }

  gauge(name, text) {
    const shown = this.root.querySelector(`[data-gauge="${name}"]`);
    if (shown.textContent !== text) shown.textContent = text;
  }

  markSelected(selected) {
    const pixel = selected === null ? null : this.columns.pixel(selected);
    for (const plot of this.plots.slice(1))
      plot.mark(pixel === null ? null : (context, width, height) => {
        const x = (pixel % this.columns.width) * width, y = Math.floor(pixel / this.columns.width) * height;
        context.lineWidth = 3.5;
        context.strokeStyle = "#ffffff";
        context.strokeRect(x - 2, y - 2, width + 4, height + 4);
        context.lineWidth = 1.5;
        context.strokeStyle = "#000000";
        context.strokeRect(x - 2, y - 2, width + 4, height + 4);
      });
  }

  // What the selected column saw: its connected input bits that are on.
  markSeen(view, arrays, both) {
    const { inputs, permanences, bits } = arrays;
    this.bits.mark(!inputs ? null : (context, width, height) => {
      context.strokeStyle = context.fillStyle = cssColour("--active");
      context.lineWidth = 1.2;
      for (let i = 0; i < inputs.length; i++) {
        if (permanences[i] < this.hello.connected_threshold || !bits[inputs[i]]) continue;
        const pixel = both ? inputs[i] >> 1 : inputs[i];
        const x = (pixel % this.inputs.width) * width, y = Math.floor(pixel / this.inputs.width) * height;
        if (both && inputs[i] & 1) context.strokeRect(x + 1, y + 1, width - 2, height - 2);
        else context.fillRect(x + 1, y + 1, width - 2, height - 2);
      }
    });
  }
}
