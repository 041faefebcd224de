// A request in full: what became of its prompt, where it went and why, how long each part took.

import { showBlocks, spanTable } from "./blockmap.js";
import { byId, create, setText } from "./dom.js";
import { count, millis, NONE, share, timeOfDay, work } from "./format.js";

const REASONS = {
  pinned: "The caller named this runner.",
  only: "No other runner could have taken it.",
  policy: "The cheapest of the runners that serve the model: the prompt tokens that its pool lacks, those that wait there, and a charge for each request under way.",
};

const dialog = byId("detail");
const body = byId("detail-body");
byId("detail-close").addEventListener("click", () => dialog.close());
// A click beside the drawer closes it too.
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});

/** @param seq its number in the log; without one the newest of the id is shown */
export async function openDetail(id, seq) {
  setText(byId("detail-heading"), `Request ${id.slice(0, 8)}`);
  body.replaceChildren(note("Loading"));
  if (!dialog.open) dialog.showModal();
  try {
    const number = seq === undefined ? "" : `?seq=${seq}`;
    const answer = await fetch(`api/requests/${encodeURIComponent(id)}${number}`);
    const request = await answer.json();
    if (!answer.ok) throw new Error(request.error);
    body.replaceChildren(...parts(request));
  } catch (failure) {
    body.replaceChildren(note(`It cannot be shown: ${failure.message}`));
  }
}

function parts(request) {
  return [facts(request), blocks(request), times(request), ...request.routes.map(route), prompt(request)].filter(Boolean);
}

function note(text) {
  const paragraph = create("p", "quiet");
  paragraph.textContent = text;
  return paragraph;
}

function part(title) {
  const section = create("section", "part");
  create("h3", "", section).textContent = title;
  return section;
}

export function pairs(list, entries) {
  list.replaceChildren(
    ...entries
      .filter(([, value]) => value != null && value !== "")
      .map(([name, value]) => {
        const pair = create("div");
        create("dt", "", pair).textContent = name;
        create("dd", "number", pair).textContent = value;
        return pair;
      }),
  );
  return list;
}

function facts(request) {
  const section = create("section", "part");
  if (request.error) {
    const failure = create("p", "failure", section);
    failure.textContent = request.error;
  }
  section.append(
    pairs(create("dl", "pairs"), [
      ["Outcome", request.outcome],
      ["Id", request.request_id],
      ["Arrived", timeOfDay(request.at_ms)],
      ["Runner", [request.runner, request.device && `(${request.device})`].filter(Boolean).join(" ") || NONE],
      ["Model", request.model],
      ["Prompt", request.prompt_tokens > 0 ? `${count(request.prompt_tokens)} tokens` : null],
      ["Completion", `${count(request.completion_tokens)} tokens`],
      ["Attempts", request.attempts > 1 ? count(request.attempts) : null],
      ["Computing saved (estimate)", request.saved_seconds == null ? null : work(request.saved_seconds)],
      ["Prefill speed then", request.prefill_tokens_per_second > 0 ? `${count(request.prefill_tokens_per_second)} tokens/s` : null],
    ]),
  );
  return section;
}

function blocks(request) {
  const section = part("Blocks of the prompt");
  if (request.spans.length === 0) {
    section.append(note("Not known: the request ended before its answer did."));
    return section;
  }
  showBlocks(create("div", "map-box", section), request.spans, request.prompt_tokens);
  const details = create("details", "", section);
  create("summary", "", details).textContent = `${count(request.spans.length)} ${request.spans.length === 1 ? "span" : "spans"}`;
  const scroll = create("div", "scroll", details);
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", "Spans");
  scroll.append(spanTable(request.spans));
  return section;
}

function times(request) {
  const section = part("Time");
  if (request.completion_tokens === 0) {
    section.append(note(`It ended after ${millis(request.total_ms)}, without a first token.`));
    return section;
  }
  const within = Math.max(0, request.runner_ttft_ms - request.queue_ms - request.fetch_ms);
  const phases = [
    ["Routing and wire", "used", Math.max(0, request.ttft_ms - request.runner_ttft_ms)],
    ["Waiting for a place", "warn-fill", request.queue_ms],
    ["Waiting for the cache tier", "cluster", request.fetch_ms],
    ["Computing the prompt", "computed", within],
    ["Generating the rest", "local", Math.max(0, request.total_ms - request.ttft_ms)],
  ];
  const bar = create("div", "phases", section);
  bar.setAttribute("aria-hidden", "true");
  for (const [, className, length] of phases) {
    create("span", className, bar).style.width = `${((100 * length) / request.total_ms).toFixed(2)}%`;
  }
  const list = create("ul", "legend", section);
  for (const [name, className, length] of phases) {
    const item = create("li", "", list);
    create("i", `swatch ${className}`, item);
    item.append(`${name} ${millis(length)}`);
  }
  section.append(note(`First token after ${millis(request.ttft_ms)}, all after ${millis(request.total_ms)}.`));
  return section;
}

function route(decision, i, all) {
  const section = part(all.length > 1 ? `Route, attempt ${i + 1}` : "Route");
  const why = create("p", "", section);
  create("b", "", why).textContent = decision.chosen;
  why.append(`: ${REASONS[decision.reason]}`);
  if (decision.candidates.length === 0) return section;
  const scroll = create("div", "scroll", section);
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", "Candidates");
  const table = create("table", "candidates", scroll);
  create("caption", "only-read", table).textContent = "Candidates and what each would have cost";
  const head = create("tr", "", create("thead", "", table));
  for (const [name, className] of [["Runner", ""], ["Holds", "number"], ["Waits there", "number"], ["Under way", "number"], ["Cost", "number"]]) {
    const cell = create("th", className, head);
    cell.scope = "col";
    cell.textContent = name;
  }
  const body = create("tbody", "", table);
  for (const each of decision.candidates) {
    const row = create("tr", each.runner === decision.chosen ? "chosen" : "", body);
    const name = create("th", "", row);
    name.scope = "row";
    name.textContent = each.runner + (each.runner === decision.chosen ? " (chosen)" : "");
    const held =
      decision.prompt_tokens > 0 ? `${count(each.held_tokens)} of ${count(decision.prompt_tokens)} tokens` : NONE;
    create("td", "number", row).textContent = held;
    create("td", "number", row).textContent = `${count(each.waiting_tokens)} tokens`;
    create("td", "number", row).textContent = count(each.requests);
    create("td", "number", row).textContent = each.cost == null ? NONE : `${count(each.cost)} tokens`;
  }
  if (decision.considered > decision.candidates.length) {
    section.append(note(`and ${count(decision.considered - decision.candidates.length)} more, none of them cheaper`));
  }
  return section;
}

function prompt(request) {
  if (!request.prompt_start) return null;
  const section = part("The prompt begins");
  const text = create("pre", "answer", section);
  text.textContent = `${request.prompt_start} …`;
  text.tabIndex = 0;
  text.setAttribute("aria-label", "Start of the prompt");
  return section;
}
