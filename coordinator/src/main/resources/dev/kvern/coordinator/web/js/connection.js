// Whether the figures are live. The state is announced when it changes; the time beside it is not, as it changes each second.

import { byId, setText } from "./dom.js";
import { timeOfDay } from "./format.js";

let live = null;
let heardMillis = null;

export function showConnection(isLive) {
  if (isLive) heardMillis = Date.now();
  if (isLive !== live) {
    live = isLive;
    byId("connection").dataset.connection = isLive ? "live" : "reconnecting";
    document.body.classList.toggle("stale", !isLive && heardMillis != null);
    setText(byId("connection-state"), isLive ? "Live" : `Reconnecting since ${timeOfDay(Date.now())}`);
  }
  setText(byId("connection-time"), timeNote());
}

function timeNote() {
  if (heardMillis == null) return "";
  return live ? timeOfDay(heardMillis) : `figures from ${timeOfDay(heardMillis)}`;
}
