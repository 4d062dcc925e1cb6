// Walking back over a graph. Three ways: at once, path by path, and in order.

figures.walk = function (box, values) {
  const ways = { "at once": atOnce, "path by path": byPaths, "in order": inOrder };
  let steps = [];
  let at = 0;

  const xs = values.map((value) => value.x);
  const ys = values.map((value) => value.y);
  const x = scale(Math.min(...xs), Math.max(...xs), 40, 660);
  const y = scale(Math.max(...ys), Math.min(...ys), 45, 235);
  const drawing = canvas(700, 290, "The graph of the loss; below each value, what has arrived.");
  const arrows = drawArrows();
  const numbers = values.map((value) => {
    const spot = [x(value.x), y(value.y)];
    drawing.append(
      svg("circle", { cx: spot[0], cy: spot[1], r: 22, class: value.inputs.length ? "made" : "leaf" }),
      written(spot[0], spot[1] - 2, value.name),
      written(spot[0], spot[1] + 13, short(value.number)),
    );
    const number = written(spot[0], spot[1] + 40, "", { class: "words gradient" });
    drawing.append(number);
    return number;
  });

  const choice = html("select", { "aria-label": "How to walk" });
  for (const name of Object.keys(ways)) choice.append(html("option", {}, name));
  choice.addEventListener("change", begin);
  const says = telling();
  const controls = html(
    "p",
    { class: "control" },
    choice,
    " ",
    button("Back", () => go(at - 1)),
    " ",
    button("Forward", () => go(at + 1)),
    " ",
    button("Start again", () => go(0)),
  );
  box.append(drawing, controls, says);
  begin();

  function begin() {
    steps = ways[choice.value](values);
    go(0);
  }

  function go(to) {
    at = Math.max(0, Math.min(to, steps.length - 1));
    const { found, arrow, words } = steps[at];
    numbers.forEach((number, i) => (number.textContent = found[i] === null ? "" : short(found[i])));
    arrows.forEach((drawn) => drawn.classList.remove("now"));
    if (arrow !== undefined) arrows.get(arrow).classList.add("now");
    says.textContent = `${at} of ${steps.length - 1}: ${words}`;
  }

  function drawArrows() {
    const found = new Map();
    values.forEach((value, i) => {
      value.inputs.forEach((input, k) => {
        const [x0, y0] = [x(values[input].x), y(values[input].y)];
        const [x1, y1] = [x(value.x), y(value.y)];
        const twice = value.inputs.filter((other) => other === input).length > 1;
        const bend = twice ? (k ? 34 : -34) : 0;
        const [mx, my] = [(x0 + x1) / 2, (y0 + y1) / 2 + bend];
        const arrow = svg("path", { d: `M ${x0} ${y0} Q ${mx} ${my} ${x1} ${y1}`, class: "arrow" });
        drawing.append(arrow);
        drawing.append(written(mx, my - (bend ? bend * 0.3 : 0) + 4, short(value.slopes[k]),
          { class: "words slope" }));
        found.set(`${i} ${k}`, arrow);
      });
    });
    return found;
  }
};

// Each way is a list of steps: what has arrived at each value, the arrow of the step, and words.

function firstStep(values) {
  const found = values.map(() => null);
  found[values.length - 1] = 1;
  return [{ found, words: "the result moves as far as itself: 1" }];
}

function send(steps, values, from, k, part) {
  const to = values[from].inputs[k];
  const before = steps[steps.length - 1].found;
  const found = before.slice();
  found[to] = (found[to] || 0) + part;
  const { name } = values[from];
  const words = `${name} sends ${short(part)} to ${values[to].name}`;
  const sum = before[to] === null ? "" : `, which has ${short(found[to])} now`;
  steps.push({ found, arrow: `${from} ${k}`, words: words + sum });
  return to;
}

function finish(steps, words) {
  const last = steps[steps.length - 1];
  steps.push({ found: last.found, words });
  return steps;
}

function atOnce(values) {
  const steps = firstStep(values);
  const visit = (from) => {
    values[from].slopes.forEach((slope, k) => {
      const has = steps[steps.length - 1].found[from];
      visit(send(steps, values, from, k, slope * has));
    });
  };
  visit(values.length - 1);
  return finish(steps, "done: what was passed on too early was counted twice");
}

function byPaths(values) {
  const steps = firstStep(values);
  const visit = (from, part) => {
    values[from].slopes.forEach((slope, k) => {
      visit(send(steps, values, from, k, slope * part), slope * part);
    });
  };
  visit(values.length - 1, 1);
  return finish(steps, `done: right, in ${steps.length - 1} messages`);
}

function inOrder(values) {
  const steps = firstStep(values);
  for (let from = values.length - 1; from >= 0; from--) {
    values[from].slopes.forEach((slope, k) => {
      send(steps, values, from, k, slope * steps[steps.length - 1].found[from]);
    });
  }
  return finish(steps, `done: right, in ${steps.length - 1} messages`);
}
