// The sigmoid, its slope at one place, and what is left of a gradient that passes several of them.

figures.sigmoid = function (box, { xs, ys, slopes }) {
  const drawing = canvas(700, 300, "The S of the sigmoid, with the straight line that touches it.");
  const x = scale(xs[0], xs[xs.length - 1], 50, 680);
  const y = scale(0, 1, 260, 20);
  for (const level of [0, 0.5, 1]) {
    drawing.append(svg("line", { x1: 50, x2: 680, y1: y(level), y2: y(level), class: "axis" }));
    drawing.append(written(44, y(level) + 4, String(level), { "text-anchor": "end" }));
  }
  for (let at = Math.ceil(xs[0] / 2) * 2; at <= xs[xs.length - 1]; at += 2) {
    drawing.append(written(x(at), 282, String(at)));
  }
  drawing.append(line(xs.map(x), ys.map(y), { class: "first" }));
  const tangent = svg("line", { class: "second" });
  const dot = svg("circle", { r: 6, class: "dot" });
  drawing.append(tangent, dot);
  const says = telling();
  const middle = Math.floor(xs.length / 2);
  const { row } = slider("Input", xs.length, middle, go);
  box.append(drawing, row, says);
  go(middle);

  function go(i) {
    const reach = 1.5;
    tangent.setAttribute("x1", x(xs[i] - reach));
    tangent.setAttribute("y1", y(ys[i] - reach * slopes[i]));
    tangent.setAttribute("x2", x(xs[i] + reach));
    tangent.setAttribute("y2", y(ys[i] + reach * slopes[i]));
    dot.setAttribute("cx", x(xs[i]));
    dot.setAttribute("cy", y(ys[i]));
    says.textContent =
      `At ${short(xs[i])} the output is ${short(ys[i])} and the slope ${short(slopes[i])}. ` +
      `Of a gradient that passes three like it, ${short(100 * slopes[i] ** 3)} % is left.`;
  }
};
