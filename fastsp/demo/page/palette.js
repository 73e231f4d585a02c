// Colours of maps: values as cividis, which also those see who do not tell red from green.

const ANCHORS = [
  [0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115],
  [138, 134, 120], [166, 157, 117], [196, 182, 104], [228, 207, 78], [254, 232, 56],
];

export const CIVIDIS = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  const place = (i / 255) * (ANCHORS.length - 1);
  const from = Math.min(Math.floor(place), ANCHORS.length - 2);
  const [r, g, b] = ANCHORS[from].map((low, k) =>
    Math.round(low + (place - from) * (ANCHORS[from + 1][k] - low)));
  CIVIDIS[i] = pack(r, g, b);
}

export const GRADIENT = `linear-gradient(90deg, ${ANCHORS.map((c) => `rgb(${c})`).join(", ")})`;

export function pack(r, g, b, a = 255) {
  return ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

// A colour of the style sheet, as pixels want it.
export function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return pack(...[1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16)));
}

export function cssColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
