// What is known of the cluster: the whole of it once, then kept true by what the coordinator says has changed.

import { History } from "./history.js";

const KEPT_REQUESTS = 1000;
const KEPT_EVENTS_OF_A_KIND = 250;

export class Store {
  /** Figures and settings; null before the first answer. */
  figures = null;
  members = new Map();

  /** Newest first. */
  requests = [];
  events = [];

  /** Grows when the tree of prefixes changes. */
  prefixRevision = null;
  tokens = new History(["requested", "local", "host", "cluster", "computed", "generated", "finished", "failed"]);
  nodes = new History([
    "evicted_watermark",
    "evicted_gone",
    "deleted",
    "rejected_size",
    "rejected_checksum",
    "rejected_budget",
    "rejected_malformed",
    "rejected_unavailable",
    "corrupt",
    "sent_bytes",
    "received_bytes",
  ]);

  /** Percentiles of the time to first token, by interval, oldest first. */
  ttft = [];
  ttftMillis = 10_000;

  replace(state, history) {
    this.figures = state;
    this.members = new Map(state.members.map((member) => [member.id, heard(member)]));
    this.requests = state.requests;
    this.events = state.events;
    this.prefixRevision = state.prefixes;
    this.tokens.replace(history);
    this.nodes.replace(history.nodes);
    this.ttft = history.ttft.points;
    this.ttftMillis = history.ttft.interval_ms;
  }

  change(name, data) {
    if (name === "point") this.tokens.append(data);
    else if (name === "nodes") this.nodes.append(data);
    else if (name === "ttft") this.#times(data);
    else this.#state(data);
  }

  #state({ members = [], gone = [], requests = [], events = [], prefixes, ...figures }) {
    this.figures = { ...this.figures, ...figures };
    for (const id of gone) this.members.delete(id);
    for (const member of members) this.members.set(member.id, heard(member));
    this.addRequests(requests);
    this.events = newestOfEachKind(merged(this.events, events));
    if (prefixes !== undefined) this.prefixRevision = prefixes;
  }

  /** Takes requests over that are not known yet. */
  addRequests(requests) {
    this.requests = merged(this.requests, requests).slice(0, KEPT_REQUESTS);
  }

  /** Takes the newest intervals over, oldest first, each in the place of what was known of it. */
  #times(points) {
    const oldest = points.at(-1).at_ms - 900_000;
    this.ttft = [...this.ttft.filter(({ at_ms: at }) => at >= oldest && at < points[0].at_ms), ...points];
  }

  /** By role and name, nodes and runners apart. */
  of(role) {
    return [...this.members.values()]
      .filter((member) => member.role === role)
      .sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
  }
}

/** Silence grows by itself: what is kept is when it began. */
function heard(member) {
  return { ...member, heard_ms: Date.now() - member.silent_ms };
}

/** Many of one kind push out none of another. */
function newestOfEachKind(events) {
  const kept = {};
  return events.filter(({ kind }) => (kept[kind] = (kept[kind] ?? 0) + 1) <= KEPT_EVENTS_OF_A_KIND);
}

function merged(known, more) {
  if (more.length === 0) return known;
  const bySequence = new Map([...more, ...known].map((item) => [item.seq, item]));
  return [...bySequence.values()].sort((a, b) => b.seq - a.seq);
}
