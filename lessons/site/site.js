// What a reader does on a page: answer predictions, keep the answers, change the theme, copy code,
// play with figures. Everything works without this script, too; then nothing is hidden.

const kept = {
  // What this browser keeps. Where it keeps nothing (some do not, for files), a page forgets.
  read(key) {
    try {
      return JSON.parse(localStorage.getItem(`tinygrad_mlp ${key}`));
    } catch {
      return null;
    }
  },
  write(key, value) {
    try {
      localStorage.setItem(`tinygrad_mlp ${key}`, JSON.stringify(value));
    } catch {}
  },
  forget(key) {
    try {
      localStorage.removeItem(`tinygrad_mlp ${key}`);
    } catch {}
  },
};

function element(tag, words = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = words;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// ---------------------------------------------------------------------------------- predictions

// An answer is {given: 2} for the second choice, {given: 0.3} for a number, and {} for a look.

function predictions() {
  const lesson = document.body.dataset.lesson;
  const answers = (lesson && kept.read(lesson)) || {};
  for (const question of document.querySelectorAll(".prediction")) {
    const answered = (answer) => {
      show(question, answer);
      answers[question.id] = { ...answer, right: isRight(question, answer) };
      kept.write(lesson, answers);
    };
    question.querySelectorAll(".choice").forEach((choice, i) => {
      choice.addEventListener("click", () => answered({ given: i + 1 }));
    });
    question.querySelector(".show").addEventListener("click", () => answered({}));
    question.querySelector(".number")?.addEventListener("submit", (event) => {
      event.preventDefault();
      const number = numberIn(question.querySelector("input").value);
      if (Number.isNaN(number)) {
        question.querySelector(".told").textContent = "Please give a number, such as 0.5 or 12.";
      } else {
        answered({ given: number });
      }
    });
    if (answers[question.id]) show(question, answers[question.id]);
  }
}

function numberIn(words) {
  const cleaned = words.trim().replace("\u2212", "-").replace(/%$/, "").replace(/[ _]/g, "");
  const grouped = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(cleaned);
  const found = grouped ? cleaned.replaceAll(",", "") : cleaned.replace(",", ".");
  return found === "" ? NaN : Number(found);
}

function isRight(question, { given }) {
  const { answer, low, high } = question.dataset;
  if (given === undefined) return false;
  return answer ? given === Number(answer) : Number(low) <= given && given <= Number(high);
}

function show(question, answer) {
  const right = isRight(question, answer);
  question.classList.add("answered");
  question.querySelectorAll(".choice").forEach((choice, i) => {
    const isGiven = answer.given === i + 1;
    choice.setAttribute("aria-pressed", String(isGiven));
    choice.classList.toggle("wrong", isGiven && !right);
    choice.classList.toggle("right", String(i + 1) === question.dataset.answer);
  });
  const input = question.querySelector("input");
  if (input && answer.given !== undefined) input.value = answer.given;
  question.querySelector(".told").textContent = verdict(question, answer, right);
  for (const part of document.querySelectorAll(`[data-for="${question.id}"]`)) {
    part.classList.add("seen");
  }
  wideBoxes(); // what was hidden had no width
}

function verdict(question, answer, right) {
  if (answer.given === undefined) return "Shown below.";
  if (right) return "Yes. Read on to see why.";
  if (!question.dataset.answer) return "The run gives another number. Read on to see why.";
  const letter = "abcdefgh"[question.dataset.answer - 1];
  return `No, it is ${letter}. Read on to see why.`;
}

// ------------------------------------------------------------------------------------- progress

function progress() {
  let begun = false;
  for (const row of document.querySelectorAll("li[data-lesson]")) {
    const answers = Object.values(kept.read(row.dataset.lesson) || {});
    if (!answers.length) continue;
    begun = true;
    const right = answers.filter((answer) => answer.right).length;
    const of = `${answers.length} of ${row.dataset.predictions} predictions made`;
    row.querySelector(".progress").textContent = `· ${of}, ${right} right`;
  }
  const note = document.getElementById("progress");
  if (!note || !begun) return;
  note.hidden = false;
  document.getElementById("forget").addEventListener("click", () => {
    for (const row of document.querySelectorAll("li[data-lesson]")) {
      kept.forget(row.dataset.lesson);
      row.querySelector(".progress").textContent = "";
    }
    note.hidden = true;
  });
}

// ------------------------------------------------------------------------- theme, code, contents

function themes() {
  const button = document.getElementById("theme");
  const names = { "": "as the system", light: "light", dark: "dark" };
  const root = document.documentElement;
  const tell = () => (button.textContent = `Theme: ${names[root.dataset.theme || ""]}`);
  button.addEventListener("click", () => {
    const order = Object.keys(names);
    const next = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
    if (next) root.dataset.theme = next;
    else delete root.dataset.theme;
    try {
      localStorage.setItem("tinygrad_mlp theme", next);
    } catch {}
    tell();
  });
  button.hidden = false;
  tell();
}

function copying() {
  if (!navigator.clipboard) return;
  for (const code of document.querySelectorAll(".highlight")) {
    const button = element("button", "Copy", { type: "button", class: "copy" });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.querySelector("pre").textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed";
      }
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    code.append(button);
  }
}

function contents() {
  const box = document.querySelector(".contents");
  if (!box) return;
  const wide = matchMedia("(min-width: 84rem)");
  const follow = () => (box.open = wide.matches);
  wide.addEventListener("change", follow);
  follow();
  const links = new Map(
    [...box.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]),
  );
  const watcher = new IntersectionObserver(
    (seen) => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        links.get(target.id).setAttribute("aria-current", "location");
      }
    },
    { rootMargin: "0px 0px -70% 0px" },
  );
  for (const heading of document.querySelectorAll("main h2[id]")) {
    if (links.has(heading.id)) watcher.observe(heading);
  }
}

// What is wider than its box can be scrolled with the keyboard, and says that it goes on.
function wideBoxes() {
  const boxes = document.querySelectorAll(".output_png, .idea, .output_text, .table, pre");
  for (const box of boxes) {
    const isWide = box.scrollWidth > box.clientWidth + 1;
    if (isWide) box.tabIndex = 0;
    if (!isWide || !box.matches(".output_png, .idea, .table")) continue;
    if (box.nextElementSibling?.matches(".scrolls")) continue;
    const note = element("p", "This is wider than the page: scroll it sideways.", {
      class: "scrolls",
    });
    box.after(note);
  }
}

function printing() {
  addEventListener("beforeprint", () => {
    for (const box of document.querySelectorAll("details")) box.open = true;
  });
}

function play() {
  for (const box of document.querySelectorAll(".explore")) {
    const data = JSON.parse(box.querySelector("script").textContent);
    figures[box.dataset.figure](box, data);
  }
}

predictions();
progress();
themes();
copying();
contents();
play();
addEventListener("load", wideBoxes);
addEventListener("resize", wideBoxes);
printing();
