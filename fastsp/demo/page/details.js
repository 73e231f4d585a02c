// Below the stages: the label, one column, and what the code stands for.

import { Layout } from "./layout.js";
import { Plot, number } from "./map.js";

const MOST_BARS = 12;
const percent = (value, digits = 1) => `${number(100 * value, digits)} %`;

export class Labels {
  constructor(root, hello) {
    this.hello = hello;
    this.verdicts = root.querySelector(".verdicts");
    this.bars = root.querySelector(".bars");
    this.note = root.querySelector("#readout-note");
    this.verdicts.replaceChildren();
  }

  show(views, allArrays) {
    const best = allArrays.map(({ probabilities }) => probabilities.indexOf(Math.max(...probabilities)));
    this.showVerdicts(views, allArrays, best);
    this.read = this.hello.labels[best[0]];
    const first = allArrays[0].probabilities;
    let order = this.hello.labels.map((_, i) => i);
    if (order.length > MOST_BARS) order = order.sort((i, j) => first[j] - first[i]).slice(0, MOST_BARS);
    const key = `${order} ${views.length}`;
    if (key !== this.key) this.build(order, views.length);
    this.key = key;
    order.forEach((label, row) => {
      allArrays.forEach(({ probabilities }, view) => {
        this.rows[row].bars[view].style.width = percent(probabilities[label] || 0, 2).replace(" ", "");
      });
      allArrays.forEach(({ probabilities }, view) => {
        const text = probabilities.length ? percent(probabilities[label], 0) : "", value = this.rows[row].values[view];
        if (value.textContent !== text) value.textContent = text;
      });
    });
    const stale = views.some((view) => view.stale);
    const note = stale ? "learning to read its codes" :
      `read at cycle ${number(views[0].readout_cycles)}`;
    if (this.note.textContent !== note) this.note.textContent = note;
  }

  showVerdicts(views, allArrays, best) {
    while (this.verdicts.children.length > views.length) this.verdicts.lastChild.remove();
    views.forEach((view, i) => {
      let shown = this.verdicts.children[i];
      if (!shown) {
        shown = document.createElement("span");
        shown.className = "verdict";
        shown.dataset.view = i;
        shown.innerHTML = "<b></b><span></span>";
        this.verdicts.append(shown);
      }
      shown.classList.toggle("stale", view.stale);
      const label = best[i] < 0 ? "–" : String(this.hello.labels[best[i]]);
      // Told only where it changes, so that a screen reader is not kept talking.
      if (shown.firstChild.textContent !== label) shown.firstChild.textContent = label;
      const name = views.length > 1 ? "AB"[i] : "";
      if (shown.lastChild.textContent !== name) shown.lastChild.textContent = name;
    });
  }

  build(order, nViews) {
    this.bars.replaceChildren();
    this.rows = order.map((label) => {
      const name = document.createElement("span"), track = document.createElement("span"), shown = document.createElement("span");
      name.textContent = this.hello.labels[label];
      track.className = "track";
      shown.className = "value";
      const bars = Array.from({ length: nViews }, (_, view) => {
        const bar = document.createElement("span");
        bar.className = "bar";
        bar.dataset.view = view;
        return bar;
      });
      const values = bars.map((_, view) => {
        const value = document.createElement("span");
        value.dataset.view = view;
        return value;
      });
      track.append(...bars);
      shown.append(...values);
      this.bars.append(name, track, shown);
      return { bars, values };
    });
  }
}

// Maps of the ON and OFF bits of pixels.
class Channels {
  constructor(root, hello) {
    root.replaceChildren();
    this.layout = new Layout(hello.image_shape);
    this.on = new Plot(root, "ON bits", this.layout);
    this.off = new Plot(root, "OFF bits", this.layout);
  }

  split(values, both) {
    this.off.root.hidden = !both;
    const n = this.layout.size;
    const every = (first) => Float32Array.from({ length: n }, (_, i) => values[both ? 2 * i + first : i]);
    return both ? [[this.on, every(0)], [this.off, every(1)]] : [[this.on, every(0)]];
  }
}

export class Column {
  constructor(root, hello) {
    this.root = root;
    this.hello = hello;
    this.columns = new Layout(hello.column_shape);
    this.channels = new Channels(root.querySelector(".fields"), hello);
  }

  show(selected, chosen, nViews, view, arrays) {
    const shown = selected !== null && Boolean(arrays?.inputs);
    for (const part of this.root.querySelectorAll(".body, .key")) part.hidden = !shown;
    this.root.querySelector("#column-hint").hidden = shown;
    this.root.querySelector("h2").textContent = shown ?
      `Column at ${this.columns.name(selected)}${nViews > 1 ? ` of ${"AB"[chosen]}` : ""}` : "Column";
    if (!shown) return;
    const threshold = this.hello.connected_threshold, both = view.settings.channels === "on_off";
    const { inputs, permanences, bits } = arrays;
    const values = new Float32Array(bits.length).fill(NaN);
    inputs.forEach((input, i) => { values[input] = permanences[i]; });
    this.channels.split(values, both).forEach(([plot, channel], first) => {
      plot.drawValues(channel, "permanence", { least: 0, greatest: 1, digits: 2 });
      plot.mark((context, width, height) => this.dots(context, width, height, channel, bits, both, first));
    });
    const connected = permanences.reduce((sum, permanence) => sum + (permanence >= threshold), 0);
    const state = arrays.off.includes(selected) ? "off" : arrays.active.includes(selected) ? "active" : "not active";
    this.facts({
      State: state,
      "Duty cycle": percent(view.duty_cycle, 2),
      "Boost factor": number(view.boost_factor, 3),
      Connected: `${connected} of ${inputs.length}`,
      Overlap: number(arrays.overlaps[selected]),
      Boosted: number(arrays.boosted[selected], 1),
    });
  }

  dots(context, width, height, channel, bits, both, first) {
    const style = getComputedStyle(document.documentElement);
    channel.forEach((permanence, pixel) => {
      if (!(permanence >= this.hello.connected_threshold)) return;
      const on = bits[both ? 2 * pixel + first : pixel];
      context.fillStyle = on ? style.getPropertyValue("--active") : "#ffffff";
      context.strokeStyle = "#000000";
      context.lineWidth = 0.8;
      context.beginPath();
      context.arc(((pixel % this.channels.layout.width) + 0.5) * width,
        (Math.floor(pixel / this.channels.layout.width) + 0.5) * height, Math.max(1.2, width / 3.4), 0, 7);
      context.fill();
      context.stroke();
    });
  }

  facts(facts) {
    const list = this.root.querySelector("dl");
    if (!list.children.length)
      for (const name of Object.keys(facts)) {
        const term = document.createElement("dt"), value = document.createElement("dd");
        term.textContent = name;
        value.dataset.fact = name;
        list.append(term, value);
      }
    for (const [name, text] of Object.entries(facts)) {
      const value = list.querySelector(`[data-fact="${name}"]`);
      if (value.textContent !== text) value.textContent = text;
    }
  }
}

export class StandsFor {
  constructor(root, hello) {
    const fields = root.querySelector(".fields");
    fields.replaceChildren();
    this.heading = root.querySelector("h2");
    this.layout = new Layout(hello.image_shape);
    this.plot = new Plot(fields, "", this.layout);
  }

  show(chosen, nViews, view, arrays) {
    this.heading.textContent = nViews > 1 ? `Code ${"AB"[chosen]} stands for` : "What the code stands for";
    const both = view.settings.channels === "on_off", values = arrays.stands_for;
    this.plot.setTitle(both ? "ON less OFF bits" : "ON bits");
    this.plot.drawValues(
      Float32Array.from({ length: this.layout.size }, (_, i) => both ? values[2 * i] - values[2 * i + 1] : values[i]),
      "permanence", { least: both ? -1 : 0, greatest: 1, digits: 2 });
  }
}
