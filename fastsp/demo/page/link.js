// Settings in the address of the page, behind the #: whoever opens the link gets them.

const INPUTS = ["noise", "right", "down"];

export function read() { return new URLSearchParams(location.hash.slice(1)); }

// Write what differs from how the page begins.
export function write({ views, inputs, guided }) {
  const link = new URLSearchParams();
  views.forEach(({ settings }, view) => link.set("ab"[view], Object.values(settings).join(",")));
  for (const name of INPUTS) if (Number(inputs[name])) link.set(name, inputs[name]);
  if (!inputs.centre) link.set("centre", "0");
  if (!guided) link.set("guide", "0");
  const text = `#${link}`.replaceAll("%2C", ",");
  if (text !== location.hash) history.replaceState(null, "", text);
}

// Messages [kind, fields] that bring the poolers from `views` to what a link says; what is not offered is left out.
export function asked(link, views, choices) {
  const messages = [], names = Object.keys(views[0].settings);
  ["a", "b"].filter((letter) => link.has(letter)).forEach((letter, variant) => {
    if (variant === 1 && views.length < 2) messages.push(["compare", { on: true }]);
    const now = (views[variant] ?? views[0]).settings;
    link.get(letter).split(",").slice(0, names.length).forEach((value, i) => {
      if (choices[names[i]].includes(value) && (value !== now[names[i]] || variant === 1))
        messages.push(["set", { variant, name: names[i], value }]);
    });
  });
  return messages;
}
