// A prompt as a row of blocks, each in the colour of where its keys and values came from.

import { create, setText } from "./dom.js";
import { count, share } from "./format.js";

const MOST_CELLS = 480;
const BLOCK_TOKENS = 16;
const NAMES = {
  local: "Local pool",
  host: "Host memory",
  cluster: "Cluster",
  computed: "Computed",
  several: "Several",
  pending: "To come",
};

/** Tokens that a cell stands for: a block, or so many that all fit. */
function cellTokens(promptTokens) {
  let tokens = BLOCK_TOKENS;
  while (promptTokens / tokens > MOST_CELLS) tokens *= 2;
  return tokens;
}

/** The source of each cell: that of most of its tokens. */
function cellSources(spans, promptTokens, tokens) {
  const cells = [];
  let span = 0;
  let left = spans[0]?.[1] ?? 0;
  for (let from = 0; from < promptTokens; from += tokens) {
    let need = Math.min(tokens, promptTokens - from);
    const parts = {};
    while (need > 0 && span < spans.length) {
      const here = Math.min(need, left);
      parts[spans[span][0]] = (parts[spans[span][0]] ?? 0) + here;
      need -= here;
      left -= here;
      if (left === 0) left = spans[++span]?.[1] ?? 0;
    }
    if (need > 0) parts.pending = need;
    cells.push(Object.entries(parts).sort((a, b) => b[1] - a[1])[0][0]);
  }
  return cells;
}

/** Tokens by source. */
export function sums(spans) {
  const all = {};
  for (const [source, tokens] of spans) all[source] = (all[source] ?? 0) + tokens;
  return all;
}

/** Draws it into a box, or draws what has changed of it. */
export function showBlocks(box, spans, promptTokens) {
  const tokens = cellTokens(promptTokens);
  const sources = cellSources(spans, promptTokens, tokens);
  const map = box.querySelector(".map") ?? create("div", "map", box);
  map.setAttribute("role", "img");
  while (map.children.length > sources.length) map.lastChild.remove();
  sources.forEach((source, i) => {
    const cell = map.children[i] ?? create("i", "", map);
    const className = `cell ${source}`;
    if (cell.className !== className) cell.className = className;
  });
  const known = sums(spans);
  const placed = Object.values(known).reduce((sum, each) => sum + each, 0);
  const all = { ...known, ...(promptTokens > placed ? { pending: promptTokens - placed } : {}) };
  map.setAttribute("aria-label", `Blocks of the prompt: ${spoken(spans)}`);
  const legend = box.querySelector(".legend") ?? create("ul", "legend", box);
  legend.replaceChildren(
    ...Object.entries(all).map(([source, amount]) => {
      const item = create("li");
      create("i", `swatch ${source}`, item);
      item.append(`${NAMES[source]} ${count(amount)} (${share(amount, promptTokens)})`);
      return item;
    }),
  );
  const note = box.querySelector(".map-note") ?? create("p", "map-note quiet", box);
  setText(note, `${count(promptTokens)} prompt tokens, ${tokens} to a square, from left to right`);
}

function spoken(spans) {
  const shown = spans.slice(0, 12).map(([source, tokens]) => `${NAMES[source]} ${tokens} tokens`);
  return shown.join(", then ") + (spans.length > 12 ? ", and more" : "");
}

/** The spans as a table: where each begins and ends. */
export function spanTable(spans) {
  const table = create("table", "spans");
  create("caption", "only-read", table).textContent = "Where the prompt’s tokens came from, by position";
  const head = create("tr", "", create("thead", "", table));
  for (const [name, className] of [["From", "number"], ["To", "number"], ["Tokens", "number"], ["Source", ""]]) {
    const cell = create("th", className, head);
    cell.scope = "col";
    cell.textContent = name;
  }
  const body = create("tbody", "", table);
  let at = 0;
  for (const [source, tokens] of spans) {
    const row = create("tr", "", body);
    for (const text of [at, at + tokens - 1, tokens]) create("td", "number", row).textContent = count(text);
    const cell = create("td", "", row);
    create("i", `swatch ${source}`, cell);
    cell.append(NAMES[source]);
    at += tokens;
  }
  return table;
}
