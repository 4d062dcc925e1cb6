// Search over all pages, in the reader's browser. The site's copy of this file ends with a call of
// `start` with the texts: rows of page, anchor, title, heading, text. Every word of the query
// must occur in a section; a word in a heading counts more than one in the text.

const MOST = 20; // sections shown
const AROUND = 70; // letters shown before and after the first word that was found

function start(rows) {
  const sections = rows.map(([page, anchor, name, heading, text]) => ({
    address: anchor ? `${page}#${anchor}` : page,
    title: heading === name.replace(/^\d+\. /, "") ? name : `${name}: ${heading}`,
    heading: `${name} ${heading}`.toLowerCase(),
    lower: text.toLowerCase(),
    text,
  }));
  const query = document.getElementById("query");
  query.addEventListener("input", () => show(find(sections, query.value), query.value));
  query.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      query.value = "";
      show([], "");
    }
  });
  document.getElementById("search").hidden = false; // without scripts there is no search
  show(find(sections, query.value), query.value); // what the browser kept from before
}

function wordsOf(query) {
  return query.toLowerCase().split(/\s+/).filter(Boolean);
}

function find(sections, query) {
  const words = wordsOf(query);
  if (!words.join("")) return [];
  return sections
    .map((section) => ({ section, score: scoreOf(section, words) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .map(({ section }) => section);
}

function scoreOf(section, words) {
  let score = 0;
  for (const word of words) {
    const inHeading = section.heading.includes(word);
    const times = section.lower.split(word).length - 1;
    if (!inHeading && !times) return 0;
    score += 10 * inHeading + Math.min(times, 5);
  }
  return score;
}

function show(found, query) {
  const list = document.getElementById("found");
  list.replaceChildren(...found.slice(0, MOST).map((section) => entry(section, wordsOf(query))));
  const shown = found.length > MOST ? `, ${MOST} shown` : "";
  const places = found.length === 1 ? "1 place" : `${found.length} places`;
  document.getElementById("count").textContent = query.trim() ? places + shown : "";
}

function entry(section, words) {
  const link = document.createElement("a");
  link.href = section.address;
  link.textContent = section.title;
  const item = document.createElement("li");
  item.append(link, snippet(section, words));
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
