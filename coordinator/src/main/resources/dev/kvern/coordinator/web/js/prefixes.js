// What prompts begin with, as a tree of lines that open and close.

import { barText, byId, create, setBar, setText } from "./dom.js";
import { count, duration, NONE, share } from "./format.js";
import { figure, heading, LiveTable } from "./table.js";

/** Lines this deep are closed until someone opens them. */
const OPEN_DEPTH = 3;

const EMPTY = "No request has told of its prompt yet. Prompts shorter than a block are not counted.";
const toggled = new Map();
let tree = { prefixes: [], chains: 0 };
let known = null;
let fetching = false;
let promptText = true;

const table = new LiveTable("prefix-tree", {
  emptyText: EMPTY,
  key: (line) => line.id,
  decorate: (row, line) => (row.dataset.depth = line.depth),
  columns: [
    heading({ className: "prefix", write: writeText }),
    figure((line) => count(line.tokens)),
    figure((line) => count(line.from_token + line.tokens)),
    figure((line) => count(line.requests)),
    { className: "with-bar", write: writeReuse },
    figure((line) => `${duration(Math.max(0, Date.now() - line.last_ms))} ago`),
  ],
});

/** Fetches the tree if it has changed and shows it. */
export async function showPrefixes({ prefixRevision, figures }) {
  promptText = figures?.settings?.prompt_text ?? true;
  draw();
  if (prefixRevision === known || prefixRevision === null || fetching) return;
  fetching = true;
  try {
    const answer = await fetch("api/prefixes");
    tree = await answer.json();
    known = tree.revision;
    draw();
  } catch {
    // The next change asks again.
  } finally {
    fetching = false;
  }
}

function draw() {
  const lines = [];
  for (const prefix of tree.prefixes) add(lines, prefix, 0);
  table.show(lines);
  setText(byId("prefixes-summary"), tree.chains > 0 ? `${count(tree.chains)} chains are counted` : "");
}

function add(lines, prefix, depth) {
  const open = toggled.get(prefix.id) ?? depth < OPEN_DEPTH;
  lines.push({ ...prefix, depth, open });
  if (open) prefix.children.forEach((child) => add(lines, child, depth + 1));
}

function writeText(cell, line) {
  const inner = cell.firstChild ?? create("span", "branch", cell);
  inner.style.paddingLeft = `${Math.min(line.depth, 8) * 18}px`;
  const button = inner.querySelector("button") ?? create("button", "twist", inner);
  button.type = "button";
  button.hidden = line.children.length === 0;
  button.setAttribute("aria-expanded", String(line.open));
  button.setAttribute("aria-label", `${line.children.length} ways on`);
  setText(button, line.open ? "▾" : "▸");
  button.onclick = () => {
    toggled.set(line.id, !line.open);
    draw();
  };
  const text = inner.querySelector(".prefix-text") ?? create("span", "prefix-text", inner);
  const shown = line.text.replaceAll(/\s+/g, " ").trim();
  setText(text, shown || (promptText ? NONE : "(texts are not kept: dashboard.prompt_text is false)"));
  text.title = line.text;
  text.classList.toggle("leaf", line.children.length === 0);
}

function writeReuse(cell, { reused_tokens: reused, tokens, requests }) {
  setBar(cell, [["cluster", reused]], tokens * requests);
  setText(barText(cell), `${share(reused, tokens * requests)} of ${count(tokens * requests)} tokens`);
}
