// Search over all pages, in the reader's browser. The site's copy of this file ends with a call of
// `start` with the texts: rows of page, anchor, title, heading, text.
//
// A section is found if every word of the query occurs in it; a word in a heading counts more than
// one in the text. American and British spellings count as the same, and a word that occurs
// nowhere stands for those that are one letter away from it. What holds other signs than letters,
// such as a formula, is also looked for with all spaces left out.

const MOST = 20; // sections shown
const AROUND = 70; // letters shown before and after the first word that was found

function start(rows) {
  const sections = rows.map(([page, anchor, name, heading, text]) => {
    const whole = `${name} ${heading} ${text}`.toLowerCase();
    return {
      address: anchor ? `${page}#${anchor}` : page,
      title: heading === name.replace(/^\d+\. /, "") ? name : `${name}: ${heading}`,
      heading: spelled(`${name} ${heading}`),
      lower: spelled(text),
      squeezed: squeezed(whole),
      text,
    };
  });
  const words = new Set(sections.flatMap(({ heading, lower }) => pieces(`${heading} ${lower}`)));
  const query = document.getElementById("query");
  const look = () => show(find(sections, words, query.value), query.value);
  query.addEventListener("input", look);
  document.getElementById("search").addEventListener("keydown", (event) => move(event, query));
  document.getElementById("search").hidden = false; // without scripts there is no search
  look(); // what the browser kept from before
}

// ------------------------------------------------------------------------------------- spelling

// Letters stay in place, so that a place in the spelled text is the same place in the text.
function spelled(text) {
  return text
    .toLowerCase()
    .replace(/(?<=[a-z]{2})s(?=(e|ed|es|er|ers|ing|ation|ations)\b)(?<=i.|y.)/g, "z")
    .replace(/\u2212/g, "-");
}

// Pairs of spellings with different numbers of letters: either word of the query finds both.
const SPELLINGS = [
  [/our\b/, "or"],
  [/our(?=(ed|ing|s|al|able)\b)/, "or"],
  [/ell(?=(ed|ing|er)\b)/, "el"],
  [/tre\b/, "ter"],
  [/tres\b/, "ters"],
  [/ogue\b/, "og"],
  [/aeo|ae/, "e"],
];

function bothSpellings(word) {
  const found = new Set([word, word.replace(/(?<=[iy])s$/, "z")]); // "normalis" is on its way
  for (const [british, american] of SPELLINGS) {
    found.add(word.replace(british, american));
    if (american.length > 1) {
      const back = { or: "our", el: "ell", ter: "tre", ters: "tres", og: "ogue" }[american];
      if (back) found.add(word.replace(new RegExp(`${american}(?=(ed|ing|er|s|al)?$)`), back));
    }
  }
  return [...found];
}

function pieces(text) {
  return text.match(/[\p{L}\p{N}_]{2,}/gu) || [];
}

function squeezed(text) {
  return text.replace(/\s+/g, "").replaceAll("\u2212", "-").replaceAll("\u22c5", "·");
}

// Whether two words differ by one letter too many, too few, other, or by two that are exchanged.
function nearlyThe(one, other) {
  if (one.length < other.length) [one, other] = [other, one];
  if (one.length - other.length > 1) return false;
  let from = 0;
  while (from < other.length && one[from] === other[from]) from++;
  const rest = one.slice(from + 1);
  if (one.length > other.length) return rest === other.slice(from);
  if (rest === other.slice(from + 1)) return true;
  const exchanged = one[from + 1] + one[from] + one.slice(from + 2);
  return exchanged === other.slice(from);
}

// -------------------------------------------------------------------------------------- finding

// For each word of the query, all that may stand for it.
function meanings(query, known) {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      const same = [...new Set(bothSpellings(word).map(spelled))];
      const words = [...known];
      const isKnown = same.some((form) => words.some((other) => other.includes(form)));
      if (isKnown || word.length < 4 || !/^[\p{L}]+$/u.test(word)) return same;
      const near = words.filter((other) => same.some((form) => nearlyThe(form, other)));
      return near.length ? near : same;
    });
}

function find(sections, known, query) {
  const words = meanings(query, known);
  if (!words.length) return [];
  const formula = /[^\p{L}\s]/u.test(query) ? squeezed(query.toLowerCase()) : "";
  return sections
    .map((section) => ({ section, words, score: scoreOf(section, words, formula) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score);
}

function scoreOf(section, words, formula) {
  let score = 0;
  for (const forms of words) {
    const inHeading = forms.some((form) => section.heading.includes(form));
    const times = Math.max(...forms.map((form) => section.lower.split(form).length - 1));
    if (!inHeading && !times) {
      score = 0;
      break;
    }
    score += 10 * inHeading + Math.min(times, 5);
  }
  return score || (formula.length > 1 && section.squeezed.includes(formula) ? 5 : 0);
}

// -------------------------------------------------------------------------------------- showing

function show(found, query) {
  const list = document.getElementById("found");
  list.replaceChildren(...found.slice(0, MOST).map(entry));
  const shown = found.length > MOST ? `, ${MOST} shown` : "";
  const places = found.length === 1 ? "1 place" : `${found.length} places`;
  document.getElementById("count").textContent = query.trim() ? places + shown : "";
}

function entry({ section, words }) {
  const link = document.createElement("a");
  link.href = section.address;
  link.textContent = section.title;
  const item = document.createElement("li");
  item.append(link, snippet(section, words.flat()));
  return item;
}

function snippet(section, words) {
  const paragraph = document.createElement("p");
  const places = words.map((word) => [section.lower.indexOf(word), word]).filter(([at]) => at >= 0);
  const [at, word] = places.length ? places[0] : [0, ""];
  const [from, to] = [Math.max(0, at - AROUND), at + word.length + AROUND];
  const mark = document.createElement("mark");
  mark.textContent = section.text.slice(at, at + word.length);
  paragraph.append(
    (from > 0 ? "… " : "") + section.text.slice(from, at),
    mark,
    section.text.slice(at + word.length, to) + (to < section.text.length ? " …" : ""),
  );
  return paragraph;
}

// Arrows go through what was found, Enter opens it (the first of it from the field), and Escape
// leads back to the field, and empties it there.
function move(event, query) {
  const links = [...document.querySelectorAll("#found a")];
  const at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
  if (to !== undefined && links.length && (event.target === query || at >= 0)) {
    event.preventDefault();
    (links[Math.min(to, links.length - 1)] || query).focus();
  } else if (event.key === "Enter" && event.target === query && links.length) {
    event.preventDefault();
    links[0].click();
  } else if (event.key === "Escape") {
    if (at < 0) {
      query.value = "";
      query.dispatchEvent(new Event("input"));
    }
    query.focus();
  }
}
