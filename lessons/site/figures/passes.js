// The program after each pass of the compiler: what the pass took out, and what it put in.

figures.passes = function (box, stages) {
  let at = 0;
  const program = html("pre", { tabindex: "0", role: "region", "aria-label": "The program" });
  const says = telling();
  const controls = html(
    "p",
    { class: "control" },
    button("Pass before", () => go(at - 1)),
    " ",
    button("Next pass", () => go(at + 1)),
  );
  box.append(controls, says, program);
  go(0);

  function go(to) {
    at = Math.max(0, Math.min(to, stages.length - 1));
    const { name, lines } = stages[at];
    const before = at ? stages[at - 1].lines : lines;
    const rows = compare(before, lines);
    program.replaceChildren(
      ...rows.map(([kind, words]) => {
        const tag = { gone: "del", new: "ins", same: "span" }[kind];
        const sign = { gone: "- ", new: "+ ", same: "  " }[kind];
        return html(tag, {}, `${sign}${words}\n`);
      }),
    );
    const gone = rows.filter(([kind]) => kind === "gone").length;
    const made = rows.filter(([kind]) => kind === "new").length;
    const what = at ? `${gone} lines out, ${made} in, ${lines.length} left` : `${lines.length} lines`;
    says.textContent = `${at} of ${stages.length - 1}: ${name}: ${what}`;
  }
};

// The shortest way from one list of lines to another: the longest lines in common stay.
function compare(before, after) {
  const common = Array.from({ length: before.length + 1 }, () => new Int16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i][j] =
        before[i] === after[j]
          ? common[i + 1][j + 1] + 1
          : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const rows = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      rows.push(["same", before[i]]);
      i++;
      j++;
    } else if (i < before.length && (j === after.length || common[i + 1][j] >= common[i][j + 1])) {
      rows.push(["gone", before[i++]]);
    } else {
      rows.push(["new", after[j++]]);
    }
  }
  return rows;
}
