// The log of finished requests.

import { barText, create, setBar, setText } from "./dom.js";
import { count, NONE, share, timeOfDay } from "./format.js";
import { cachedTokens } from "./members.js";
import { figure, heading, LiveTable, name, text } from "./table.js";

const SHORT_ID = 8;

const table = new LiveTable("request-log", {
  emptyText: "No request has finished yet.",
  key: (request) => `${request.request_id} ${request.at_ms}`, // an id may come twice
  decorate: (row, request) => (row.dataset.outcome = request.outcome),
  columns: [
    text((request) => timeOfDay(request.at_ms), "code"),
    heading({ className: "code", write: writeId }),
    name((request) => request.model || NONE),
    { className: "runner", write: writeRunner },
    figure((request) => count(request.prompt_tokens)),
    { className: "with-bar", write: writeSources },
    figure((request) => (placedTokens(request) > 0 ? share(cachedTokens(request), request.prompt_tokens) : NONE)),
    figure((request) => (request.completion_tokens > 0 ? count(request.ttft_ms) : NONE)),
    figure((request) => count(request.total_ms)),
    figure((request) => count(request.completion_tokens)),
    { className: "outcome", write: writeOutcome },
  ],
});

export function showRequests(requests) {
  table.show(requests);
}

function writeId(cell, { request_id: id }) {
  setText(cell, id.slice(0, SHORT_ID));
  cell.title = id;
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
