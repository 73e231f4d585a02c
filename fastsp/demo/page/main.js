// The page: what the server says is shown, what a person does is sent.

import { Connection } from "./connection.js";
import { Curve } from "./curve.js";
import { Column, Labels, StandsFor } from "./details.js";
import { Guide } from "./guide.js";
import { asked, read, write } from "./link.js";
import { number } from "./map.js";
import { Pad, paint } from "./pad.js";
import { Pipeline } from "./pipeline.js";

const MOST_COLUMNS = 8192; // in one message
const byId = (id) => document.getElementById(id);
const NEED_A_SERVER = ["run", "reset", "compare", "rub", "revive"];
// pinned: the column that was clicked on; null for none, undefined as long as nobody chose.
const state = { hello: null, nColumns: 0, picture: null, chosen: 0, pinned: undefined, rubbing: false, rubbed: new Set() };
let pipelines = [], parts = {}, waiting = false, link = read();

const pad = new Pad(byId("pad"), (image) => {
  connection.send("draw", {}, { image });
  tellTruth();
});
const connection = new Connection({ onMessage: receive, onState: tell });

function tell(kind, text) {
  const notice = byId("notice");
  if (notice.dataset.state !== kind) notice.dataset.state = kind;
  if (notice.textContent !== text) notice.textContent = text;
  document.body.classList.toggle("offline", kind === "lost");
  if (kind === "lost") enable(false);
}

function enable(on) {
  for (const id of NEED_A_SERVER) byId(id).disabled = !on;
  for (const select of document.querySelectorAll(".pipeline select")) select.disabled = !on;
}

function receive(message) {
  if (message.kind === "hello") {
    greet(message);
  } else if (message.kind === "note") {
    if (message.text) tell("waiting", message.text);
  } else if (message.kind === "picture") {
    state.picture = message;
    // Only the newest picture is drawn, however late the browser is.
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  }
}

function greet(hello) {
  const known = state.hello && JSON.stringify(state.hello.image_shape) === JSON.stringify(hello.image_shape);
  if (state.hello && state.hello.studio !== hello.studio) byId("restarted").hidden = false;
  state.hello = hello;
  tell("waiting", "waiting for the pooler");
  document.documentElement.style.setProperty("--aspect", hello.image_shape[1] / hello.image_shape[0]);
  state.nColumns = hello.column_shape.reduce((product, n) => product * n, 1);
  byId("about").textContent = `preset ${hello.preset} · ${number(state.nColumns)} columns, ${number(100 * hello.density, 2)} % active for each input`;
  byId("pipelines").replaceChildren();
  pipelines = [];
  parts = {
    labels: new Labels(byId("labels"), hello),
    column: new Column(byId("column"), hello),
    standsFor: new StandsFor(byId("stands-for"), hello),
    curve: new Curve(byId("progress"), hello),
  };
  showGallery(hello);
  if (known) {
    pad.changed();
    disturb();
    if (state.pinned != null) connection.send("select", { column: state.pinned });
  } else {
    if (link?.get("guide") !== "0") guide.begin(hello);
    disturb();
    pad.resize(hello.image_shape);
    byId("gallery").firstChild?.click();
  }
}

function showGallery({ image_shape: [height, width], arrays }) {
  const gallery = byId("gallery"), size = height * width;
  gallery.replaceChildren();
  arrays.gallery_labels.forEach((label, i) => {
    const image = arrays.gallery.slice(i * size, (i + 1) * size);
    const button = document.createElement("button"), canvas = document.createElement("canvas");
    button.setAttribute("aria-label", `Test image of ${label}`);
    button.tabIndex = i ? -1 : 0;
    paint(canvas, image, width, height);
    button.append(canvas);
    button.addEventListener("click", () => pad.set(image, label));
    gallery.append(button);
  });
}

// Where the image has a label: what it is, and whether it is read so.
function tellTruth() {
  const { label } = pad, read = parts.labels?.read;
  byId("truth").hidden = label === null;
  if (label === null) return;
  byId("truth").textContent = `test image of ${label}`;
  byId("truth").classList.toggle("wrong", read !== undefined && read !== label);
}

function draw() {
  waiting = false;
  const { picture, hello } = state, { views, selected } = picture;
  if (picture.failure) tell("failed", `training stopped: ${picture.failure}`);
  else if (views.length) tell("live", picture.running ? "learning" : "ready");
  if (!views.length) return;
  while (pipelines.length < views.length) addPipeline(pipelines.length);
  while (pipelines.length > views.length) pipelines.pop().root.remove();
  enable(true);
  follow(views);
  document.body.classList.toggle("two", views.length > 1);
  state.chosen = Math.min(state.chosen, views.length - 1);
  press("run", picture.running);
  byId("run").textContent = picture.running ? "Pause" : "Train";
  press("compare", views.length > 1);

  const arrays = views.map((_, view) => arraysOf(picture, view));
  views.forEach((view, i) => pipelines[i].show(view, arrays[i], {
    running: picture.running, selected, chosen: views.length > 1 && i === state.chosen,
  }));
  const chosen = state.chosen, view = views[chosen];
  parts.labels.show(views, arrays);
  tellTruth();
  chooseActive(selected, arrays[chosen]);
  parts.column.show(selected, chosen, views.length, view, arrays[chosen]);
  parts.standsFor.show(chosen, views.length, view, arrays[chosen]);
  parts.curve.show(arrays.map(({ curve }) => curve));
  document.body.dataset.pictures = 1 + Number(document.body.dataset.pictures ?? 0);
}

// Do what the link says, once; from then on the link says what is.
function follow(views) {
  if (link) for (const [kind, fields] of asked(link, views, state.hello.choices)) connection.send(kind, fields);
  else {
    const inputs = { centre: pad.centring };
    for (const id of ["noise", "right", "down"]) inputs[id] = byId(id).value;
    write({ views, inputs, guided: !byId("guide").hidden });
  }
  link = null;
}

// As long as nobody has chosen: the active column of the most overlap.
function chooseActive(selected, { active, overlaps }) {
  if (state.pinned !== undefined || state.pointed || !active.length || active.includes(selected)) return;
  connection.send("select", { column: active.reduce((best, one) => (overlaps[one] > overlaps[best] ? one : best)) });
}

// The column that is pointed at is looked at, until the pointer leaves.
function point(view, place) {
  pipelines.forEach((pipeline) => pipeline.point(place));
  const column = place?.column ?? -1, was = state.pointed;
  state.pointed = column >= 0;
  if (state.rubbing || (!was && !state.pointed)) return;
  if (state.pointed && state.pinned === undefined) state.chosen = view;
  connection.send("select", { column: state.pointed ? column : state.pinned ?? null });
}

function arraysOf(picture, view) {
  const own = {}, prefix = `${view}.`;
  for (const [name, array] of Object.entries(picture.arrays))
    if (name.startsWith(prefix)) own[name.slice(prefix.length)] = array;
  return own;
}

function addPipeline(view) {
  pipelines.push(new Pipeline(byId("pipelines"), view, state.hello, {
    set: (name, value) => connection.send("set", { variant: view, name, value }),
    select: (column) => {
      state.pinned = state.pinned === column && state.chosen === view ? null : column;
      state.chosen = view;
      connection.send("select", { column: state.pinned });
    },
    rub: (columns) => rub(view, columns),
    point: (place) => point(view, place),
    isRubbing: () => state.rubbing,
  }));
}

// Columns are gathered while the pointer moves, and sent together.
function rub(view, columns) {
  if (!state.rubbed.size)
    setTimeout(() => {
      if (state.rubbed.size) connection.send("switch", { variant: view, on: false }, { columns: Int32Array.from(state.rubbed) });
      state.rubbed.clear();
    }, 40);
  columns.forEach((column) => state.rubbed.add(column));
}

function press(id, on) {
  byId(id).setAttribute("aria-pressed", String(on));
}

function disturb() {
  const value = (id) => Number(byId(id).value);
  connection.send("disturb", { noise: value("noise"), right: value("right"), down: value("down") });
}

byId("run").addEventListener("click", () => connection.send("run", { on: !state.picture.running }));
byId("reset").addEventListener("click", () => connection.send("reset"));
byId("compare").addEventListener("click", () =>
  connection.send("compare", { on: state.picture.views.length < 2 }));
byId("rub").addEventListener("click", () => {
  state.rubbing = !state.rubbing;
  press("rub", state.rubbing);
  document.body.classList.toggle("rubbing", state.rubbing);
});
byId("revive").addEventListener("click", () => {
  state.rubbed.clear();
  // All of them: the newest picture may not yet know of those that were rubbed out last.
  const columns = Int32Array.from({ length: state.nColumns }, (_, column) => column);
  state.picture.views.forEach((_, view) => {
    for (let i = 0; i < columns.length; i += MOST_COLUMNS)
      connection.send("switch", { variant: view, on: true }, { columns: columns.slice(i, i + MOST_COLUMNS) });
  });
});
// One stop of the keyboard; arrow keys go from image to image.
byId("gallery").addEventListener("keydown", (event) => {
  const buttons = [...byId("gallery").children], at = buttons.indexOf(document.activeElement);
  const row = buttons.filter(({ offsetTop }) => offsetTop === buttons[0].offsetTop).length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -at, End: buttons.length - 1 - at };
  if (!(event.key in steps) || at < 0) return;
  event.preventDefault();
  const next = buttons[Math.max(0, Math.min(buttons.length - 1, at + steps[event.key]))];
  buttons[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
const guide = new Guide(byId("guide"), { onEnd: () => { if (state.picture) draw(); } });
byId("tour").addEventListener("click", () => guide.begin(state.hello));
byId("restarted").addEventListener("click", () => { byId("restarted").hidden = true; });
byId("clear").addEventListener("click", () => pad.clear());
byId("centre").addEventListener("change", ({ target }) => {
  pad.centring = target.checked;
  pad.changed();
});
for (const [id, unit, factor] of [["noise", "%", 100], ["right", "px", 1], ["down", "px", 1]])
  byId(id).addEventListener("input", ({ target }) => {
    document.querySelector(`output[for="${id}"]`).textContent = `${number(target.value * factor, 0)} ${unit}`;
    disturb();
  });
const redraw = () => {
  if (!state.hello) return;
  showGallery(state.hello);
  if (state.picture) draw();
};
for (const id of ["noise", "right", "down"])
  if (link.get(id)) {
    byId(id).value = link.get(id);
    byId(id).dispatchEvent(new Event("input"));
  }
if (link.get("centre") === "0") byId("centre").click();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("resize", () => { if (state.picture) draw(); });
