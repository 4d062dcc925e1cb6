// The playground: strokes on a pad, and what four networks say of them.
//
// The pad keeps strokes, not pixels. They are painted twice: on the canvas that one sees, and on a
// small white page of 120 by 120 pixels, which is what the server is sent. One question is asked at
// a time; whatever was drawn meanwhile is in the next one.

const SIDE = 120; // of the page that is sent, in pixels
const MARGIN = 20; // of white around the pad on that page
const ROOM = SIDE - 2 * MARGIN; // the side of the pad, in the same units
const PEN = 9; // how wide a stroke is
const PAUSE = 700; // milliseconds without a change until the answer is spoken

const NETWORKS = {
  basic: { title: "Basic", who: "seven hidden layers, as published; 10\u00a0% right", units: 0 },
  small: { title: "Small", who: "10 hidden units, as published; 93\u00a0% right", units: 10 },
  improved: { title: "Improved", who: "100 hidden units, as published; 95\u00a0% right", units: 100 },
  best: { title: "Best", who: "three wide hidden layers; 99.5\u00a0% right", units: 0 },
}; // right: of MNIST's 10,000 test digits

const find = (id) => document.getElementById(id);
const pad = find("pad");
const small = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
const cards = {};

let strokes = []; // each a list of points [x, y], from 0 to ROOM
let seed = 0;
let told = null; // the latest answer
let waiting = false; // for an answer
let changed = false; // since the last question
let speaking = 0; // the timer

// ------------------------------------------------------------------------------------ painting

function paintStrokes(page, scale, shift) {
  page.lineCap = page.lineJoin = "round";
  page.lineWidth = PEN * scale;
  for (const stroke of strokes) {
    const [x, y] = stroke[0];
    page.beginPath();
    page.moveTo(shift + x * scale - 0.01, shift + y * scale); // so that a dot has a length
    for (const [x, y] of stroke) page.lineTo(shift + x * scale, shift + y * scale);
    page.stroke();
  }
}

// The page's colours, as "#rrggbb". They are asked for once: each time, the browser has to work out
// the styles of the whole page.
const colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "accent", "for", "against"]) {
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  }
}

const rgb = (name) => colours[name].match(/\w\w/g).map((part) => parseInt(part, 16));

function paintPad() {
  find("hint").hidden = strokes.length > 0 || pen.shown;
  const sharp = Math.round(pad.clientWidth * devicePixelRatio);
  if (pad.width !== sharp) pad.width = pad.height = sharp;
  const page = pad.getContext("2d");
  const scale = sharp / ROOM;
  page.clearRect(0, 0, sharp, sharp);
  page.strokeStyle = colours.ink;
  paintStrokes(page, scale, 0);
  if (pen.shown) {
    page.strokeStyle = page.fillStyle = colours.accent;
    page.lineWidth = 2 * devicePixelRatio;
    page.beginPath();
    page.arc(pen.x * scale, pen.y * scale, (PEN / 2) * scale, 0, 7);
    if (pen.down) page.fill();
    else page.stroke();
  }
}

// The greys of the page that is sent, in rows.
function picture() {
  const page = pixelsOf(small);
  page.fillStyle = "#fff";
  page.fillRect(0, 0, SIDE, SIDE);
  page.strokeStyle = "#000";
  paintStrokes(page, 1, MARGIN);
  const { data } = page.getImageData(0, 0, SIDE, SIDE);
  return Array.from({ length: SIDE }, (_, row) =>
    Array.from({ length: SIDE }, (_, column) => data[4 * (row * SIDE + column)]),
  );
}

// Small pictures stay in memory: a graphics card gains nothing on 28 by 28 pixels.
const pixelsOf = (canvas) => canvas.getContext("2d", { willReadFrequently: true });

// Each pixel is a colour and how much of it, from `paint(i)`.
function paintPixels(canvas, paint) {
  const page = pixelsOf(canvas);
  const image = page.createImageData(28, 28);
  for (let i = 0; i < 784; i++) {
    const [rgb, share] = paint(i);
    image.data.set([...rgb, 255 * Math.min(Math.max(share, 0), 1)], 4 * i);
  }
  page.putImageData(image, 0, 0);
}

function paintImage(canvas, image, words) {
  const ink = rgb("ink");
  paintPixels(canvas, (i) => [ink, image[i]]);
  canvas.setAttribute("aria-label", words);
}

// What speaks for and against, over the drawing in a fainter ink.
function paintReasons(canvas, reasons, image, words) {
  const [ink, good, bad] = [rgb("ink"), rgb("for"), rgb("against")];
  paintPixels(canvas, (i) => {
    const share = Math.abs(reasons[i]);
    const under = image ? 0.3 * Math.min(Math.max(image[i], 0), 1) : 0;
    const whole = share + under * (1 - share);
    const paint = reasons[i] > 0 ? good : bad;
    const mix = (part, c) => (paint[c] * share + part * under * (1 - share)) / (whole || 1);
    return [ink.map(mix), whole];
  });
  canvas.setAttribute("aria-label", words);
}

// --------------------------------------------------------------------------------------- cards

const made = (count, tag) => Array.from({ length: count }, () => document.createElement(tag));

function makeCards() {
  for (const [name, { title, who, units }] of Object.entries(NETWORKS)) {
    const card = find("card").content.cloneNode(true).firstElementChild;
    const part = (selector) => card.querySelector(selector);
    card.id = name;
    part("h3").textContent = title;
    part(".who").textContent = who;
    const bars = made(10, "span");
    bars.forEach((bar, digit) => bar.append(document.createElement("i"), `${digit}`));
    part(".bars").append(...bars);
    part(".units").append(...made(units, "i"));
    part(".units").classList.toggle("few", units <= 10);
    part(".fool").setAttribute("aria-label", `Fool it: ${title}`);
    part(".fool").addEventListener("click", () => fool(name));
    const brief = document.createElement("div");
    brief.append(...made(1, "dt"), ...made(1, "dd"));
    brief.firstElementChild.textContent = title;
    document.querySelector(".brief").append(brief);
    cards[name] = {
      title, bars, brief,
      saw: part(".saw"), answer: part(".answer"), chart: part(".bars"),
      units: part(".units"), lit: part(".lit"), fool: part(".fool"),
    };
    find("card").before(card);
  }
}

function showDigit(card, digit, words, sure) {
  card.answer.firstElementChild.textContent = digit;
  card.answer.lastElementChild.textContent = words;
  card.brief.lastElementChild.textContent = digit;
  for (const element of [card.answer, card.brief]) element.classList.toggle("unsure", !sure);
}

const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

function showCard(card, one, image) {
  if (one.why) {
    paintReasons(card.saw, one.why, image, `What speaks for the ${one.digit}, and what against it`);
  } else {
    paintImage(card.saw, image, "Your drawing in 28 by 28 pixels");
  }
  const sureness = percent(one.shares[one.digit]) + (one.sure ? "" : ", unsure");
  showDigit(card, one.digit, one.name === "basic" ? "always" : sureness, one.sure);
  one.shares.forEach((share, digit) => {
    card.bars[digit].firstElementChild.style.transform = `scaleY(${share})`;
    card.bars[digit].classList.toggle("most", digit === one.digit);
  });
  const order = [...one.shares.keys()].sort((a, b) => one.shares[b] - one.shares[a]);
  const words = order.slice(0, 3).map((digit) => `${digit}: ${percent(one.shares[digit])}`);
  card.chart.setAttribute("aria-label", `The strongest outputs are ${words.join(", ")}`);
  showUnits(card, one.hidden);
  card.fool.disabled = false;
}

function showUnits(card, lights) {
  lights.forEach((light, unit) => {
    card.units.children[unit].style.opacity = 0.08 + 0.92 * light;
  });
  const lit = lights.filter((light) => light > 0).length;
  card.lit.textContent = lights.length ? `${lit} of ${lights.length} units lit` : "";
}

function showNothing() {
  told = null;
  for (const card of Object.values(cards)) {
    pixelsOf(card.saw).clearRect(0, 0, 28, 28);
    card.saw.setAttribute("aria-label", "Nothing is drawn yet");
    showDigit(card, "?", "", false);
    card.chart.setAttribute("aria-label", "Ten outputs, one for each digit");
    for (const bar of card.bars) {
      bar.classList.remove("most");
      bar.firstElementChild.style.transform = "scaleY(0)";
    }
    showUnits(card, Array(card.units.childElementCount).fill(0));
    card.fool.disabled = true;
  }
}

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;

function show(answer) {
  if (answer.unread) {
    showNothing();
    say(`${sentence(answer.unread)} Clear the pad, and try again.`);
    return;
  }
  told = answer;
  for (const one of answer.networks) showCard(cards[one.name], one, answer.image);
  say(answer.count > 1 ? "These look like several digits; the networks read one at a time." : "");
  clearTimeout(speaking);
  speaking = setTimeout(speak, PAUSE);
}

// The answers in a sentence, for screen readers, once the hand rests.
function speak() {
  if (!told) return;
  const words = told.networks.map((one) => `${cards[one.name].title} says ${one.digit}`).reverse();
  find("spoken").textContent = `${words.join(", ")}.`;
}

function say(trouble) {
  if (find("trouble").textContent !== trouble) find("trouble").textContent = trouble;
}

// -------------------------------------------------------------------------------------- asking

function question(more) {
  const changes = [...document.querySelectorAll("[name=change]:checked")].map((box) => box.value);
  return JSON.stringify({ picture: picture(), changes, seed, ...more });
}

// What the server tells; null, and a word about it, if it tells nothing.
async function post(path, body) {
  try {
    const headers = { "Content-Type": "application/json" };
    const reply = await fetch(path, { method: "POST", body, headers });
    if (reply.ok) return await reply.json();
    say(await reply.text());
  } catch {
    say("The server does not answer. Is “python -m tinygrad_mlp play” still running?");
  }
  return null;
}

async function ask() {
  if (waiting) return;
  waiting = true;
  find("networks").ariaBusy = "true";
  while (changed && strokes.length) {
    changed = false;
    const answer = await post("answer", question({ why: find("why").checked }));
    if (answer && strokes.length) show(answer);
  }
  waiting = false;
  find("networks").ariaBusy = "false";
}

// Whatever changes the question comes here.
function update() {
  changed = true;
  find("undo").disabled = find("clear").disabled = !strokes.length;
  find("again").disabled = !document.querySelector("[name=change]:not([value=flip]):checked");
  find("key").hidden = !find("why").checked;
  find("fooled").hidden = true;
  clearTimeout(speaking);
  paintPad();
  if (strokes.length) {
    ask();
  } else {
    showNothing();
    say("");
    find("spoken").textContent = "";
  }
}

// ------------------------------------------------------------------------------------- fooling

function howLittle({ steps, largest, norm, whole }) {
  const count = steps === 1 ? "one short step" : `${steps} short steps`;
  return (
    `It took ${count} up the gradient. No pixel changed by more than ${largest.toFixed(2)}, where ` +
    `paper is 0 and ink is 1. The whole change has length ${norm.toFixed(2)}; ` +
    `your drawing has ${whole.toFixed(2)}.`
  );
}

function whyNot({ flat, steps }) {
  return flat
    ? "The gradient is zero: no direction leads anywhere."
    : `It did not change its mind in ${steps} steps up the gradient.`;
}

async function fool(name) {
  const before = question({ network: name });
  cards[name].fool.ariaBusy = "true";
  const found = await post("fool", before);
  cards[name].fool.ariaBusy = "false";
  if (!found || found.unread) return;
  if (before !== question({ network: name })) return; // it was drawn on meanwhile
  const { title } = cards[name];
  const moved = found.after !== found.before;
  find("fooled-title").textContent = moved
    ? `${title} now says ${found.after}, not ${found.before}`
    : `${title} still says ${found.before}`;
  find("fooled-words").textContent = moved ? howLittle(found) : whyNot(found);
  paintImage(find("before"), found.image, `Before: taken for a ${found.before}`);
  paintImage(find("after"), found.changed, `After: taken for a ${found.after}`);
  const scale = Math.max(found.largest, 1e-9);
  const change = found.change.map((part) => part / scale);
  paintReasons(find("change"), change, null, "The change: ink added, and ink taken away");
  find("fooled").hidden = false;
  find("fooled").focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  find("fooled").scrollIntoView({ behavior: calm ? "instant" : "smooth", block: "nearest" });
}

// ------------------------------------------------------------------- mouse, finger, pen and keys

const inside = (value) => Math.min(Math.max(value, 0), ROOM);
const pen = { x: ROOM / 2, y: ROOM / 2, down: false, shown: false };
let drawing = null; // the pointer that draws

// Put the pen of the keyboard down, or lift it, and tell screen readers.
function setPen(down) {
  if (pen.down === down) return;
  pen.down = down;
  find("pen").textContent = down ? "pen down" : "pen lifted";
}

function place(event) {
  const box = pad.getBoundingClientRect();
  const scale = ROOM / box.width;
  return [inside((event.clientX - box.left) * scale), inside((event.clientY - box.top) * scale)];
}

pad.addEventListener("pointerdown", (event) => {
  if (drawing !== null || event.button !== 0) return;
  drawing = event.pointerId;
  pad.setPointerCapture(drawing);
  pen.shown = false;
  setPen(false);
  strokes.push([place(event)]);
  update();
});

// Some browsers tell of a movement at once, and others only before they paint the next frame.
const MOVE = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";

pad.addEventListener(MOVE, (event) => {
  if (event.pointerId !== drawing) return;
  const events = event.getCoalescedEvents?.() ?? [];
  strokes.at(-1).push(...(events.length ? events : [event]).map(place));
  update();
});

for (const end of ["pointerup", "pointercancel"]) {
  pad.addEventListener(end, (event) => {
    if (event.pointerId === drawing) drawing = null;
  });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

pad.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (drawing !== null) {
    // The last stroke is the pointer's. Nor should the page scroll away under it.
    if (event.key in ARROWS || event.key === " ") event.preventDefault();
    return;
  }
  if (event.key in ARROWS) {
    const [right, down] = ARROWS[event.key];
    const far = event.shiftKey ? 1 : 4;
    pen.x = inside(pen.x + far * right);
    pen.y = inside(pen.y + far * down);
    if (pen.down) strokes.at(-1).push([pen.x, pen.y]);
  } else if (event.key === " ") {
    if (event.repeat) return;
    setPen(!pen.down);
    if (pen.down) strokes.push([[pen.x, pen.y]]);
  } else {
    return;
  }
  pen.shown = true;
  event.preventDefault();
  if (pen.down) update();
  else paintPad();
});

pad.addEventListener("focus", () => {
  pen.shown = pad.matches(":focus-visible");
  paintPad();
});

pad.addEventListener("blur", () => {
  pen.shown = false;
  setPen(false);
  paintPad();
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && strokes.length) undo();
});

function keep(count) {
  strokes = strokes.slice(0, count);
  drawing = null;
  setPen(false);
  update();
}

const undo = () => keep(strokes.length - 1);
find("undo").addEventListener("click", undo);
find("clear").addEventListener("click", () => keep(0));
find("again").addEventListener("click", () => {
  seed += 1;
  update();
});
for (const box of document.querySelectorAll("input")) box.addEventListener("change", update);

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  readColours();
  if (told) show(told);
  paintPad();
});
new ResizeObserver(paintPad).observe(pad);

readColours();
makeCards();
showNothing();
update();
