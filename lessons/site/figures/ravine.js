// Descent in a ravine, for each learning rate of the lesson: the path, and the loss after each step.

figures.ravine = function (box, { curvatures, start, rates, steps, chosen }) {
  const [across, along] = curvatures; // the loss is (across * a^2 + along * b^2) / 2
  const reach = [Math.abs(start[0]) * 1.6, Math.abs(start[1]) * 1.15];
  const drawing = canvas(700, 330, "Contours of a narrow valley, and the path of the descent.");
  const x = scale(-reach[1], reach[1], 20, 680);
  const y = scale(-reach[0], reach[0], 310, 20);
  const loss = ([a, b]) => (across * a * a + along * b * b) / 2;
  for (const share of [1, 0.5, 0.2, 0.05, 0.01]) {
    const level = share * loss(start);
    drawing.append(
      svg("ellipse", {
        cx: x(0),
        cy: y(0),
        rx: x(Math.sqrt((2 * level) / along)) - x(0),
        ry: y(0) - y(Math.sqrt((2 * level) / across)),
        class: "axis",
        fill: "none",
      }),
    );
  }
  let path = svg("g");
  drawing.append(path);
  const says = telling();
  const { row } = slider("Learning rate", rates.length, chosen, go);
  box.append(drawing, row, says);
  go(chosen);

  function go(i) {
    const points = [start];
    for (let step = 0; step < steps; step++) {
      const [a, b] = points[step];
      points.push([a - rates[i] * across * a, b - rates[i] * along * b]);
    }
    const near = points.filter(([a, b]) => Math.abs(a) < 50 * reach[0] && Math.abs(b) < 50 * reach[1]);
    const next = svg("g");
    next.append(line(near.map(([, b]) => x(b)), near.map(([a]) => y(a)), { class: "second" }));
    for (const [a, b] of near) next.append(svg("circle", { cx: x(b), cy: y(a), r: 3, class: "dot" }));
    path.replaceWith(next);
    path = next;
    const [first, last] = [loss(start), loss(points[steps])];
    const grows = last > first ? " It grows: the rate is above 2 / curvature." : "";
    says.textContent =
      `Learning rate ${short(rates[i])}: after ${steps} steps the loss is ${short(last)}, ` +
      `at first ${short(first)}.${grows}`;
  }
};
