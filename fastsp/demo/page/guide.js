// The first minute: from a drawing to its label, one sentence at each place.

const STEPS = [
  ["#input", "Draw a digit here. It is scaled and centred, as the digits that the pooler knows."],
  [".map:nth-child(1)", "Each pixel becomes two input bits: one is on where there is ink, the other where there is none."],
  [".map:nth-child(2)", "Each column looks at a few of the bits near it, and counts those that are on. Point at a column to see which."],
  [".map:nth-child(3)", "Columns that were seldom active count more, the others less, so that all find something to do."],
  [".map:nth-child(4)", "Each column is compared with its neighbours: what counts is how far it stands out."],
  [".map:nth-child(5)", "The best 2 in 100 become active. They are the code of your drawing."],
  ["#labels", "From the active columns alone a simple readout tells the digit. Is it right?"],
  ["#progress", "A column that becomes active learns the bits that it saw. Reset, then Train, and watch the reading get better."],
];

export class Guide {
  constructor(root, { onEnd }) {
    this.root = root;
    this.text = root.querySelector("p");
    this.onEnd = onEnd;
    this.step = 0;
    root.querySelector("#back").addEventListener("click", () => this.go(this.step - 1));
    root.querySelector("#next").addEventListener("click", () => this.go(this.step + 1));
    root.querySelector("#skip").addEventListener("click", () => this.end());
  }

  // density: what share of the columns is active
  begin({ density }) {
    this.share = `${+(100 * density).toFixed(2)} in 100`;
    this.root.hidden = false;
    this.go(0);
  }

  go(step) {
    if (step >= STEPS.length) return this.end();
    this.step = step;
    const [place, text] = STEPS[step];
    this.text.textContent = `${step + 1} of ${STEPS.length}: ${text.replace("2 in 100", this.share)}`;
    this.root.querySelector("#back").disabled = step === 0;
    this.root.querySelector("#next").textContent = step + 1 < STEPS.length ? "Next" : "Done";
    this.point(place);
  }

  point(place) {
    for (const told of document.querySelectorAll(".told")) told.classList.remove("told");
    const told = place && document.querySelector(place);
    told?.classList.add("told");
    if (this.step) told?.scrollIntoView({ block: "nearest" });
  }

  end() {
    this.point(null);
    this.root.hidden = true;
    this.onEnd();
  }
}
