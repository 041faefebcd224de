// What happened to members and to requests.

import { openDetail } from "./detail.js";
import { byId, create, setText } from "./dom.js";
import { timeOfDay } from "./format.js";
import { heading, LiveTable, text } from "./table.js";

const table = new LiveTable("event-log", {
  emptyText: "Nothing has happened since the coordinator started.",
  key: (event) => event.seq,
  decorate: (row, event) => (row.dataset.severity = event.severity),
  columns: [
    text((event) => timeOfDay(event.at_ms), "code"),
    text((event) => event.severity, "severity"),
    heading({ className: "name", write: writeSubject }),
    text((event) => event.text, "event-text"),
  ],
});

let announced = null;

export function showEvents({ events }) {
  table.show(events);
}

/** Says aloud what changed of the cluster since the page was opened. */
export function announce({ events }) {
  const newest = events[0]?.seq ?? 0;
  const news = announced === null ? [] : events.filter((event) => event.seq > announced && event.kind === "member");
  announced = newest;
  if (news.length > 0) {
    setText(byId("announcement"), news.map((event) => `${event.subject} ${event.text}`).join(". "));
  }
}

function writeSubject(cell, { kind, subject }) {
  if (kind !== "request") {
    setText(cell, subject);
    return;
  }
  const button = cell.firstChild ?? create("button", "link", cell);
  button.type = "button";
  button.title = subject;
  setText(button, subject.slice(0, 8));
  button.onclick = () => openDetail(subject);
}
