/* A Spatial Pooler and its readout, exported by fastsp @version@: inference in plain JavaScript.
 *
 * @load@
 *
 *   const bits = model.encode(pixels);           // where the model has an encoder
 *   const stages = model.trace(bits);            // overlaps, boosted, inhibited, active
 *   model.classify(stages.active);               // { label, probabilities or scores }, with a readout
 *
 * Math.fround keeps sums and products in single precision, in the order in which fastsp takes them,
 * so that active columns are the same.
 */
@begin@
  "use strict";

  const data = {/* data */};
  const fround = Math.fround;

  /** Bytes of base64, whose padding is left out. */
  function bytes(text) {
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const valueOf = new Uint8Array(128);
    for (let i = 0; i < 64; i++) valueOf[digits.charCodeAt(i)] = i;
    const values = new Uint8Array(Math.floor((text.length * 3) / 4));
    let held = 0;
    for (let i = 0, n = 0; i < text.length; i++) {
      held = (held << 6) | valueOf[text.charCodeAt(i)];
      if (i % 4 > 0) values[n++] = held >> (6 - 2 * (i % 4));
    }
    return values;
  }
  const shorts = (text) => new Uint16Array(bytes(text).buffer);
  const integers = (text) => new Uint32Array(bytes(text).buffer);
  const floats = (text) => new Float32Array(bytes(text).buffer);
  const doubles = (text) => new Float64Array(bytes(text).buffer);

  /** Input bits of connected synapses, row after row: how many, the first, and distances. */
  function unpack(text, nRows) {
    const packed = bytes(text);
    const starts = new Uint32Array(nRows + 1);
    const positions = new Uint32Array(packed.length);
    let place = 0;
    let n = 0;
    function next() {
      let value = 0;
      let digit = 1;
      while (packed[place] >= 128) {
        value += (packed[place++] - 128) * digit;
        digit *= 128;
      }
      return value + packed[place++] * digit;
    }
    for (let row = 0; row < nRows; row++) {
      let position = 0;
      for (let left = next(); left > 0; left--) {
        position += next();
        positions[n++] = position;
      }
      starts[row + 1] = n;
    }
    return { starts, positions: positions.slice(0, n) };
  }

  const count = (shape) => shape.reduce((n, size) => n * size, 1);
  const nInputs = count(data.inputShape);
  const nColumns = count(data.columnShape);
  const nSegments = data.nSegments;
  const nRows = nColumns * nSegments;
  const { starts, positions } = unpack(data.synapses, nRows);
  const connectedCounts = shorts(data.connectedCounts);
  const thresholds = shorts(data.thresholds);
  const boostFactors = floats(data.boostFactors);
  const tieBreakers = floats(data.tieBreakers);
  const tieKeys = integers(data.tieKeys);
  const blurSteps = data.blur.map((step) => ({ ...step, weights: floats(step.weights) }));
  const readout = data.readout && {
    labels: data.readout.labels,
    ofLabel: doubles(data.readout.ofLabel),
    ofActive: doubles(data.readout.ofActive),
  };

  /** Input bits of an image: on where a pixel is at least the mean of all; then, perhaps, off bits. */
  function encode(pixels) {
    if (data.channels === 0) throw new Error("this model has no encoder: give it input bits");
    if (pixels.length * data.channels !== nInputs) {
      throw new Error(`an image has ${nInputs / data.channels} pixels; got ${pixels.length}`);
    }
    let sum = 0;
    let largest = -Infinity;
    for (const pixel of pixels) {
      sum += pixel;
      largest = Math.max(largest, pixel);
    }
    const mean = Math.min(sum / pixels.length, largest);
    const bits = new Uint8Array(nInputs);
    for (let i = 0; i < pixels.length; i++) {
      const on = pixels[i] >= mean;
      bits[data.channels * i] = on ? 1 : 0;
      if (data.channels === 2) bits[2 * i + 1] = on ? 0 : 1;
    }
    return bits;
  }

  /** Connected synapses of each segment that see an on-bit. */
  function overlaps(bits) {
    if (bits.length !== nInputs) throw new Error(`an input has ${nInputs} bits; got ${bits.length}`);
    const found = new Int32Array(nRows);
    for (let row = 0; row < nRows; row++) {
      let n = 0;
      for (let i = starts[row]; i < starts[row + 1]; i++) {
        if (bits[positions[i]] > data.threshold) n++;
      }
      found[row] = n;
    }
    return found;
  }

  /** Boost factor times the overlap, or its share, with the tie-breaker; 0 under the threshold. */
  function excitement(row, overlap) {
    if (overlap < thresholds[row]) return 0;
    const n = connectedCounts.length > 0 ? Math.max(connectedCounts[row], 1) : 1;
    return fround(boostFactors[row] * fround(fround(overlap / n) + tieBreakers[row]));
  }

  /** What segments are compared by; below 0 where one cannot win. */
  function key(row, overlap) {
    if (overlap < thresholds[row]) return -1;
    return tieKeys.length > 0 ? overlap * data.overlapStep + tieKeys[row] : excitement(row, overlap);
  }

  /** The row of the segment that stands for each column: the one with the largest key. */
  function bestSegments(overlap) {
    const best = new Int32Array(nColumns);
    for (let column = 0; column < nColumns; column++) {
      let row = column * nSegments;
      for (let other = row + 1; other < (column + 1) * nSegments; other++) {
        if (key(other, overlap[other]) > key(row, overlap[row])) row = other;
      }
      best[column] = row;
    }
    return best;
  }

  /** Boosted overlap of each column. */
  function boosted(overlap) {
    return Float32Array.from(bestSegments(overlap), (row) => excitement(row, overlap[row]));
  }

  /** A Gaussian mean over the grid of columns, as a chain of products with small matrices. */
  function blur(values) {
    let source = values;
    for (const { outer, inner, rows, weights } of blurSteps) {
      const n = weights.length / rows;
      const target = new Float32Array(outer * rows * inner);
      for (let o = 0; o < outer; o++) {
        for (let row = 0; row < rows; row++) {
          const first = (o * rows + row) * inner;
          for (let j = 0; j < n; j++) {
            const weight = weights[row * n + j];
            const from = (o * n + j) * inner;
            for (let i = 0; i < inner; i++) {
              target[first + i] = fround(target[first + i] + fround(weight * source[from + i]));
            }
          }
        }
      }
      source = target;
    }
    return source;
  }

  /** What columns compete by: under Gaussian inhibition in units of their neighbourhood's spread. */
  function inhibited(excited) {
    if (!data.isGaussian) return Float32Array.from(excited);
    const mean = blur(excited);
    const away = excited.map((value, c) => fround(value - mean[c]));
    const variance = blur(away.map((value) => fround(value * value)));
    return away.map((value, c) => {
      const spread = fround(Math.max(variance[c], 0) + fround(1e-6));
      return fround(value / fround(Math.sqrt(spread)));
    });
  }

  /** The largest of each group of columns, ascending; of equal ones the first. */
  function select(keys, mayWin) {
    const winners = [];
    for (let first = 0; first < nColumns; first += data.groupSize) {
      const group = [];
      for (let c = first; c < first + data.groupSize; c++) if (mayWin[c]) group.push(c);
      group.sort((a, b) => (keys[b] > keys[a]) - (keys[b] < keys[a]) || a - b);
      for (const c of group.slice(0, data.nActive)) winners.push(c);
    }
    return Int32Array.from(winners).sort();
  }

  /** All stages of one input: overlaps, boosted and inhibited of each column; active columns. */
  function trace(bits) {
    const overlap = overlaps(bits);
    const best = bestSegments(overlap);
    const excited = boosted(overlap);
    const inhibitedValues = inhibited(excited);
    const ofBest = Array.from(best, (row) => key(row, overlap[row]));
    const keys = data.isGaussian ? inhibitedValues : ofBest;
    return {
      overlaps: Int32Array.from(best, (row) => overlap[row]),
      boosted: excited,
      inhibited: inhibitedValues,
      active: select(keys, ofBest.map((value) => value >= 0)),
    };
  }

  /** Active columns of one input, ascending. */
  function activeColumns(bits) {
    return trace(bits).active;
  }

  /** The label of active columns, and probabilities of all labels; of ridge regression scores. */
  function classify(active) {
    if (!readout) throw new Error("this model has no readout");
    const { labels, ofLabel, ofActive } = readout;
    const scores = new Float64Array(labels.length);
    for (const column of active) {
      for (let l = 0; l < labels.length; l++) scores[l] += ofActive[column * labels.length + l];
    }
    let best = 0;
    for (let l = 0; l < labels.length; l++) {
      if (!data.readout.isMean) scores[l] += ofLabel[l];
      else scores[l] = active.length > 0 ? scores[l] / active.length : ofLabel[l];
      if (scores[l] > scores[best]) best = l;
    }
    if (data.readout.isRidge) return { label: labels[best], scores };
    let probabilities = scores;
    if (!data.readout.isMean) {
      const largest = scores[best];
      probabilities = scores.map((score) => Math.exp(score - largest));
      const sum = probabilities.reduce((total, value) => total + value, 0);
      probabilities = probabilities.map((value) => value / sum);
    }
    return { label: labels[best], probabilities };
  }

  const model = {
    inputShape: data.inputShape,
    columnShape: data.columnShape,
    labels: readout ? readout.labels : [],
    encode,
    overlaps,
    boosted,
    inhibited,
    activeColumns,
    trace,
    classify,
  };

@end@
