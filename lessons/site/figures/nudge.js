// The size of a nudge against the error of the slope, on axes by powers of ten.

figures.nudge = function (box, { steps, one_sided, central, slope }) {
  const drawing = canvas(700, 330, "The error of both differences against the size of the nudge.");
  const x = scale(steps[0], steps[steps.length - 1], 70, 670, true);
  const all = [...one_sided, ...central].filter((error) => error > 0);
  const y = scale(Math.min(...all), Math.max(...all), 280, 20, true);
  const shown = (errors) => errors.map((error) => (error > 0 ? y(error) : NaN));
  axesByPowers(drawing, x, y, steps, all);
  drawing.append(
    line(steps.map(x), shown(one_sided), { class: "first" }),
    line(steps.map(x), shown(central), { class: "second" }),
    written(370, 322, "size of the nudge"),
  );
  const here = svg("line", { y1: 20, y2: 280, class: "quiet" });
  const dots = [one_sided, central].map(() => svg("circle", { r: 5, class: "dot" }));
  drawing.append(here, ...dots);
  const says = telling();
  const start = Math.floor(steps.length / 2);
  const { row } = slider("Nudge", steps.length, start, go);
  box.append(drawing, row, says);
  go(start);

  function go(i) {
    here.setAttribute("x1", x(steps[i]));
    here.setAttribute("x2", x(steps[i]));
    [one_sided, central].forEach((errors, k) => {
      dots[k].setAttribute("cx", x(steps[i]));
      dots[k].setAttribute("cy", errors[i] > 0 ? y(errors[i]) : 280);
    });
    says.textContent =
      `A nudge of ${short(steps[i])}: the slope is ${short(slope)}; the one-sided difference (blue) ` +
      `is off by ${short(one_sided[i])}, the central one (red) by ${short(central[i])}.`;
  }
};

function axesByPowers(drawing, x, y, xs, ys) {
  const powers = (values, every) => {
    const [low, high] = [Math.min(...values), Math.max(...values)].map(Math.log10);
    const found = [];
    for (let p = Math.ceil(low); p <= high; p++) if (p % every === 0) found.push(p);
    return found;
  };
  for (const p of powers(xs, 2)) {
    const at = x(10 ** p);
    drawing.append(svg("line", { x1: at, x2: at, y1: 20, y2: 280, class: "axis" }));
    drawing.append(written(at, 300, powerOfTen(p)));
  }
  for (const p of powers(ys, 2)) {
    const at = y(10 ** p);
    drawing.append(svg("line", { x1: 70, x2: 670, y1: at, y2: at, class: "axis" }));
    drawing.append(written(62, at + 4, powerOfTen(p), { "text-anchor": "end" }));
  }
}
