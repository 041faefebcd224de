// The tables of runners and cache nodes. A member that is down keeps its last known figures, dimmed.

import { barText, byId, create, setBar, setText } from "./dom.js";
import { bytes, count, duration, largeCount, NONE, share } from "./format.js";
import { figure, heading, LiveTable, name, text } from "./table.js";

const memberTable = (id, emptyText, columns) =>
  new LiveTable(id, {
    emptyText,
    key: (member) => member.id,
    decorate: (row, member) => (row.dataset.state = member.state),
    columns: [
      heading(name((member) => member.id)),
      { className: "state", write: writeState },
      text((member) => member.address, "code"),
      ...columns,
    ],
  });

const runnerTable = memberTable(
  "runners",
  "No model runner has joined yet: requests cannot be served. Start one: kvern runner --set model.path=DIR",
  [
    name((member) => member.models?.join(", ") || NONE),
    { className: "device", write: writeDevice },
    figure((member) => count(member.runner?.running_requests)),
    figure((member) => count(member.runner?.queued_requests)),
    { className: "with-bar", write: writePool },
    figure((member) => largeCount(member.runner?.requested_tokens)),
    figure(({ runner }) => (runner ? share(cachedTokens(runner), runner.requested_tokens) : NONE)),
    figure((member) => count(member.runner?.prefill_tokens_per_second || null)),
    figure((member) => count(member.runner?.fetch_failures)),
  ],
);

const nodeTable = memberTable(
  "nodes",
  "No cache node has joined yet. Each runner reuses what is in its own pool; nothing is shared between runners. Start one: kvern node",
  [
    figure((member) => count(member.node?.primary_blocks)),
    figure((member) => count(member.node?.backup_blocks)),
    { className: "with-bar", write: writeMemory },
    figure((member) => largeCount(member.node?.get_blocks)),
    figure((member) => share(member.node?.get_hits, member.node?.get_blocks)),
    figure((member) => bytes(member.node?.received_bytes)),
    figure((member) => bytes(member.node?.sent_bytes)),
    figure((member) => largeCount(member.node?.evicted_blocks)),
    figure((member) => largeCount(member.node?.put_rejected)),
    { className: "number", write: writeCorrupt },
  ],
);

export function showMembers(store) {
  const runners = store.of("runner");
  const nodes = store.of("node");
  runnerTable.show(runners);
  nodeTable.show(nodes);
  setText(byId("runners-summary"), summary(runners));
  setText(byId("nodes-summary"), summary(nodes));
  const down = [...runners, ...nodes].filter((member) => member.state === "down").length;
  const badge = byId("down-count");
  badge.hidden = down === 0;
  setText(badge, `${down} down`);
}

/** What the runners are doing now, those that are down left out. */
export function currentLoad(members) {
  const alive = [...members].filter((member) => member.runner && member.state !== "down");
  const sum = (name) => alive.reduce((total, member) => total + member.runner[name], 0);
  return { running: sum("running_requests"), queued: sum("queued_requests") };
}

export function cachedTokens(counters) {
  return counters.cached_local_tokens + counters.cached_host_tokens + counters.cached_cluster_tokens;
}

function summary(members) {
  return ["up", "draining", "down"]
    .map((state) => [members.filter((member) => member.state === state).length, state])
    .filter(([amount]) => amount > 0)
    .map(([amount, state]) => `${amount} ${state}`)
    .join(", ");
}

function writeState(cell, member) {
  const label = cell.firstChild ?? create("span", "state-label", cell);
  setText(label, member.state);
  const note = cell.children[1] ?? create("span", "note", cell);
  setText(note, stateNote(member));
}

function stateNote(member) {
  if (member.state === "down") return `silent ${duration(Date.now() - member.heard_ms)}`;
  return member.runner || member.node ? "" : "no heartbeat yet";
}

function writePool(cell, { runner }) {
  const { used_blocks: used, cached_blocks: cached, pool_blocks: total } = runner ?? {};
  setBar(cell, [["used", used], ["local", cached]], total);
  setText(barText(cell), total ? `${count(used)} + ${count(cached)} of ${count(total)}` : NONE);
}

function writeMemory(cell, { node }) {
  const { used_bytes: used, capacity_bytes: capacity } = node ?? {};
  setBar(cell, [["cluster", used]], capacity);
  setText(barText(cell), capacity ? `${bytes(used)} of ${bytes(capacity)}` : NONE);
}

function writeCorrupt(cell, { node }) {
  setText(cell, count(node?.corrupt_blocks));
  cell.classList.toggle("bad", node?.corrupt_blocks > 0);
}

function writeDevice(cell, { device, runner }) {
  setText(cell, [device || NONE, runner?.power_watts > 0 ? `${count(runner.power_watts)} W` : ""].filter(Boolean).join(", "));
}
