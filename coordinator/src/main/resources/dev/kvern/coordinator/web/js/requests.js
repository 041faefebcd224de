// The log of finished requests.

import { openDetail } from "./detail.js";
import { barText, byId, create, setBar, setText } from "./dom.js";
import { count, millis, NONE, share, timeOfDay } from "./format.js";
import { cachedTokens } from "./members.js";
import { figure, heading, LiveTable, text } from "./table.js";

const SHORT_ID = 8;
const PAGE = 100;

const FILTERS = {
  all: () => true,
  failed: (request) => ["failed", "refused", "cancelled"].includes(request.outcome),
  cluster: (request) => request.cached_cluster_tokens > 0,
  cold: (request) => cachedTokens(request) === 0,
};

const EMPTY = {
  none: "No request has finished yet. Send one from the Playground, or: kvern generate --prompt \"Hello\"",
  filtered: "None of the requests that are loaded is of this kind.",
};

const older = byId("older");
const filter = byId("requests-filter");
let reachedEnd = false;

const table = new LiveTable("request-log", {
  emptyText: EMPTY.none,
  key: (request) => request.seq,
  decorate: (row, request) => {
    row.dataset.outcome = request.outcome;
    row.dataset.request = request.request_id;
    row.dataset.seq = request.seq;
  },
  columns: [
    text((request) => timeOfDay(request.at_ms), "code"),
    heading({ className: "code", write: writeId }),
    { className: "runner", write: writeRunner },
    figure((request) => count(request.prompt_tokens || null)),
    { className: "with-bar", write: writeSources },
    figure((request) => (placedTokens(request) > 0 ? share(cachedTokens(request), request.prompt_tokens) : NONE)),
    figure((request) => (request.completion_tokens > 0 ? millis(request.ttft_ms) : NONE)),
    figure((request) => millis(request.total_ms)),
    figure((request) => count(request.completion_tokens)),
    { className: "outcome", write: writeOutcome },
  ],
});

byId("request-log").tBodies[0].addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  // Who marks text does not want the drawer.
  if (row && String(getSelection()) === "") openDetail(row.dataset.request, row.dataset.seq);
});

/** @param store whose requests are shown, and to which older ones are added */
export function createRequests(store) {
  const show = () => showRequests(store);
  filter.addEventListener("change", show);
  older.addEventListener("click", async () => {
    const last = store.requests.at(-1)?.seq;
    try {
      const answer = await fetch(`api/requests?before=${last}&limit=${PAGE}`);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const more = await answer.json();
      reachedEnd = more.length < PAGE;
      store.addRequests(more);
      show();
    } catch (failure) {
      setText(byId("requests-summary"), `Older ones cannot be fetched: ${failure.message}. Try again.`);
    }
  });
  return { show };
}

function showRequests({ requests }) {
  const shown = requests.filter(FILTERS[filter.value]);
  table.emptyText = requests.length === 0 ? EMPTY.none : EMPTY.filtered;
  table.show(shown);
  setText(byId("requests-summary"), requests.length === 0 ? "" : `newest first, ${count(shown.length)} of ${count(requests.length)} loaded`);
  older.hidden = reachedEnd || requests.length === 0 || requests.at(-1).seq <= 1;
}

function writeId(cell, { request_id: id }) {
  const button = cell.firstChild ?? create("button", "link", cell);
  button.type = "button";
  setText(button, id.slice(0, SHORT_ID));
  button.title = id;
}

function writeRunner(cell, { runner, attempts }) {
  const label = cell.firstChild ?? create("span", "name", cell);
  setText(label, runner || NONE);
  label.title = runner;
  const note = cell.children[1] ?? create("span", "note", cell);
  setText(note, attempts > 1 ? `${attempts} attempts` : "");
}

/** The tokens whose source is known: none of a request that failed before its prefill. */
function placedTokens(request) {
  return cachedTokens(request) + request.computed_tokens;
}

function writeSources(cell, request) {
  const parts = [
    ["local", request.cached_local_tokens],
    ["host", request.cached_host_tokens],
    ["cluster", request.cached_cluster_tokens],
    ["computed", request.computed_tokens],
  ];
  setBar(cell, parts, placedTokens(request));
  const spoken = barText(cell);
  spoken.classList.add("only-read");
  setText(spoken, parts.filter(([source, tokens]) => source !== "host" || tokens > 0).map(([source, tokens]) => `${source} ${count(tokens)}`).join(", "));
  cell.title = spoken.textContent;
}

function writeOutcome(cell, { outcome, error }) {
  const label = cell.firstChild ?? create("span", "outcome-label", cell);
  setText(label, outcome);
  const message = cell.children[1] ?? create("span", "message", cell);
  setText(message, error ?? "");
}
