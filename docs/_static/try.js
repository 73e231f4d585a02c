/* The page "Try it": draws the stages of a digit on its way through an exported pooler. */
(function () {
  "use strict";

  const model = globalThis.digits;
  const element = (id) => document.getElementById(id);
  const [inputHeight, inputWidth] = model.inputShape;
  const [height, width] = model.columnShape;

  /* Some colours of the map cividis, dark to bright; colour-blind readers can tell them apart. */
  const CIVIDIS = [
    [0, 34, 78],
    [35, 62, 108],
    [87, 92, 109],
    [124, 123, 120],
    [165, 156, 116],
    [209, 193, 91],
    [254, 232, 56],
  ];

  function colour(share) {
    const place = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1);
    const i = Math.min(Math.floor(place), CIVIDIS.length - 2);
    return CIVIDIS[i].map((value, c) => value + (place - i) * (CIVIDIS[i + 1][c] - value));
  }

  /** Draw values (rows, columns) as a map, with the least and the largest value below. */
  function drawMap(id, values, [rows, columns], [low, high], digits = 0) {
    const canvas = element(id);
    [canvas.width, canvas.height] = [columns, rows];
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    values.forEach((value, i) => {
      const [r, g, b] = colour(high > low ? (value - low) / (high - low) : 0);
      image.data.set([r, g, b, 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
    const ends = element(`${id}-scale`);
    if (ends) {
      ends.firstElementChild.textContent = low.toFixed(digits);
      ends.lastElementChild.textContent = high.toFixed(digits);
    }
  }

  /** The range of a map: from the half per cent of the lowest values to the largest. */
  function range(values) {
    const sorted = Array.from(values).sort((a, b) => a - b);
    return [sorted[Math.floor(sorted.length / 200)], sorted[sorted.length - 1]];
  }

  /** Draw active columns as bright squares over the faint input bits. */
  function drawActive(active, on) {
    const values = new Float64Array(height * width);
    for (let c = 0; c < values.length; c++) {
      const row = Math.floor((Math.floor(c / width) * inputHeight) / height);
      const column = Math.floor(((c % width) * inputWidth) / width);
      values[c] = on[row * inputWidth + column] ? 0.3 : 0;
    }
    for (const c of active) values[c] = 1;
    drawMap("try-active", values, [height, width], [0, 1]);
    element("try-n-active").textContent = `${active.length} of ${values.length}`;
  }

  let told = 0;
  function tell(text) {
    clearTimeout(told); // not at every stroke
    told = setTimeout(() => (element("try-told").textContent = text), 500);
  }

  function drawLabel(isBlank, active) {
    const { label, probabilities } = model.classify(active);
    element("try-label").textContent = isBlank ? "–" : label;
    model.labels.forEach((name, l) => {
      const share = isBlank ? 0 : probabilities[l];
      const row = element(`try-probability-${name}`);
      row.classList.toggle("best", !isBlank && name === label);
      row.querySelector(".bar").style.width = `${100 * share}%`;
      row.querySelector(".share").textContent = `${(100 * share).toFixed(share < 0.995 ? 1 : 0)} %`;
    });
    const best = Math.round(100 * Math.max(...probabilities));
    tell(isBlank ? "Nothing is drawn." : `Read as ${label}, with a probability of ${best} %.`);
  }

  function show() {
    const pixels = drawing.pixels(element("try-centre").checked);
    const isBlank = pixels.every((pixel) => pixel === 0);
    const bits = model.encode(pixels);
    if (isBlank) bits.forEach((_, i) => (bits[i] = i % 2)); // no pixel is above the mean: all are off
    const on = bits.filter((_, i) => i % 2 === 0);
    const stages = model.trace(bits);
    drawMap("try-input", on, [inputHeight, inputWidth], [0, 1]);
    drawMap("try-overlaps", stages.overlaps, [height, width], range(stages.overlaps));
    drawMap("try-boosted", stages.boosted, [height, width], range(stages.boosted), 1);
    drawMap("try-inhibited", stages.inhibited, [height, width], range(stages.inhibited), 1);
    drawActive(stages.active, on);
    drawLabel(isBlank, stages.active);
  }

  let waits = false;
  function changed() {
    if (waits) return;
    waits = true; // once a frame, however fast the pen is
    requestAnimationFrame(() => {
      waits = false;
      show();
    });
  }

  for (const name of model.labels) {
    const row = document.createElement("li");
    row.id = `try-probability-${name}`;
    row.innerHTML =
      '<span class="name"></span><span class="track"><span class="bar"></span></span>' +
      '<span class="share"></span>';
    row.querySelector(".name").textContent = name;
    element("try-probabilities").append(row);
  }
  const drawing = new globalThis.Drawing(element("try-canvas"), changed);
  element("try-clear").addEventListener("click", () => drawing.clear());
  element("try-centre").addEventListener("change", changed);
  globalThis.digitExamples.forEach((text, i) => {
    const pixels = Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = i;
    button.setAttribute("aria-label", `Show a ${i} of MNIST`);
    button.addEventListener("click", () => drawing.load(pixels));
    element("try-examples").append(button);
    if (i === 2) drawing.load(pixels);
  });
})();
