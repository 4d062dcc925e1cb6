// What all figures draw and ask with: SVG, axes, buttons and sliders.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes = {}, words = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (words) made.textContent = words;
  return made;
}

function html(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A picture of width x height units that shrinks with the page.
function canvas(width, height, words) {
  return svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": words,
    style: `width: 100%; max-width: ${width}px; height: auto; display: block`,
  });
}

function button(words, act) {
  const made = html("button", { type: "button" }, words);
  made.addEventListener("click", act);
  return made;
}

// A slider over the numbers of a list: the arrow keys move it; `act` gets the place in the list.
let sliders = 0;
function slider(words, count, start, act) {
  const id = `slider-${++sliders}`;
  const input = html("input", { type: "range", id, min: 0, max: count - 1, step: 1, value: start });
  const label = html("label", { for: id }, words);
  input.addEventListener("input", () => act(Number(input.value)));
  return { row: html("p", { class: "control" }, label, " ", input), input };
}

// What a figure says of itself, also to a screen reader.
function telling() {
  return html("p", { class: "says", role: "status" });
}

// From numbers to places: linear, or with `log` by powers of ten.
function scale(from, to, low, high, log = false) {
  const at = log ? Math.log10 : (x) => x;
  return (x) => low + ((at(x) - at(from)) / (at(to) - at(from))) * (high - low);
}

function line(xs, ys, attributes) {
  const points = xs
    .map((x, i) => [x, ys[i]])
    .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  return svg("polyline", {
    points: points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" "),
    fill: "none",
    ...attributes,
  });
}

function written(x, y, words, attributes = {}) {
  return svg("text", { x, y, "text-anchor": "middle", class: "words", ...attributes }, words);
}

// A number as one reads it: 3 digits, and powers of ten for what is very large or small.
function short(x) {
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  if (!size || (size >= 1e-3 && size < 1e5)) return String(Number(x.toPrecision(3)));
  const [digits, exponent] = x.toExponential(1).split("e");
  return `${digits} · ${powerOfTen(Number(exponent))}`;
}

function powerOfTen(exponent) {
  const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  return `10${[...String(exponent)].map((sign) => (sign === "-" ? "⁻" : raised[sign])).join("")}`;
}
