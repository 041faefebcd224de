// Puts the page together: what arrives is kept at once and drawn with the next frame, so a hidden tab draws nothing.

import { createCharts } from "./charts.js";
import { showConnection } from "./connection.js";
import { Feed } from "./feed.js";
import { showFigures } from "./figures.js";
import { History } from "./history.js";
import { showMembers } from "./members.js";
import { showRequests } from "./requests.js";

const history = new History();
const charts = createCharts(history);
let state = null;
let drawPending = false;

function drawSoon() {
  if (drawPending) return;
  drawPending = true;
  requestAnimationFrame(() => {
    drawPending = false;
    charts.show();
    if (state === null) return;
    showFigures(state, history);
    showMembers(state.members);
    showRequests(state.requests);
  });
}

new Feed({
  connection: showConnection,
  state(latest) {
    state = latest;
    drawSoon();
  },
  point(point) {
    history.append(point);
    drawSoon();
  },
  history(remembered) {
    history.replace(remembered);
    drawSoon();
  },
}).start();
