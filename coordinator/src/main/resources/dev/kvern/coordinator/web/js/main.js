// Puts the page together: what arrives is kept at once and drawn with the next frame, so a hidden tab draws nothing.

import { createCharts } from "./charts.js";
import { showConnection } from "./connection.js";
import { announce, showEvents } from "./events.js";
import { Feed } from "./feed.js";
import { showFigures } from "./figures.js";
import { setMarks } from "./marks.js";
import { showMembers } from "./members.js";
import { showPlayground } from "./playground.js";
import { showPrefixes } from "./prefixes.js";
import { createRequests } from "./requests.js";
import { Store } from "./store.js";
import { currentView, onView } from "./views.js";

const store = new Store();
const charts = createCharts(store);
const requests = createRequests(store);
let drawPending = false;

const byView = {
  overview: () => {},
  requests: () => requests.show(),
  prefixes: () => showPrefixes(store),
  cluster: () => {},
  playground: () => showPlayground(store),
  events: () => showEvents(store),
};

function draw() {
  drawPending = false;
  if (store.figures === null) return;
  setMarks(store.events);
  announce(store);
  showFigures(store);
  showMembers(store);
  charts.show(currentView());
  byView[currentView()]();
}

function drawSoon() {
  if (drawPending) return;
  drawPending = true;
  requestAnimationFrame(draw);
}

onView(drawSoon);
new Feed({
  connection: showConnection,
  all(state, history) {
    store.replace(state, history);
    drawSoon();
  },
  change(name, data) {
    store.change(name, data);
    drawSoon();
  },
}).start();

/** For the tests: what the charts hold. */
globalThis.kvern = { charts: charts.named, store };
