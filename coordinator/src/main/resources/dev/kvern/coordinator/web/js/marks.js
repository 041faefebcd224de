// Changes of the cluster, drawn across the charts: what came, went, or fell silent when a curve bent.

const RATIO = () => devicePixelRatio || 1;
let marks = [];

/** @param events newest first */
export function setMarks(events) {
  marks = events.filter((event) => event.kind === "member");
}

export function drawMarks(plot, colour) {
  const { left, top, width, height } = plot.bbox;
  const context = plot.ctx;
  context.save();
  context.setLineDash([3 * RATIO(), 3 * RATIO()]);
  context.lineWidth = RATIO();
  context.globalAlpha = 0.7;
  for (const mark of marks) {
    const x = plot.valToPos(mark.at_ms / 1000, "x", true);
    if (x < left || x > left + width) continue;
    context.strokeStyle = colour(mark.severity === "error" ? "bad" : "quiet");
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, top + height);
    context.stroke();
  }
  context.restore();
}
