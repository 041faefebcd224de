// A chart over time with a read-out that follows the pointer or the arrow keys. What it draws, its kinds say.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { setText } from "./dom.js";
import { duration, timeOfDay, timesOfDay } from "./format.js";
import { drawMarks } from "./marks.js";

const HEIGHT = 176;
const TIME_STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
const AXIS_FONT = "12px system-ui, sans-serif";
const pointers = uPlot.sync("time");

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Chart {
  #target;
  #plot;
  #data = { times: [], columns: [], span: [Date.now() - 120_000, Date.now()], empty: true };

  /** @param id of the section that holds the read-out and the plot */
  constructor(id) {
    this.section = document.getElementById(id);
    this.#target = this.section.querySelector(".plot");
    this.#target.addEventListener("keydown", (event) => this.#move(event));
    this.#target.addEventListener("blur", () => this.#point(null));
    new ResizeObserver(() => {
      // Hidden views have no width.
      if (this.#target.clientWidth === 0) return;
      this.#plot?.setSize(this.#size());
      this.show();
    }).observe(this.#target);
    document.addEventListener("themechange", () => this.#plot?.redraw(false, true));
  }

  /** Draws what is known now; a chart that nobody sees draws nothing. */
  show() {
    if (this.#target.clientWidth === 0) return;
    this.#data = this.data(this.#plot?.width ?? this.#target.clientWidth);
    const columns = this.#data.columns;
    if (this.#plot && this.#plot.series.length !== columns.length + 1) {
      this.#plot.destroy();
      this.#plot = undefined;
    }
    this.#plot ??= new uPlot(this.#options(), [[], ...columns.map(() => [])], this.#target);
    this.#plot.setData([this.#data.times.map((millis) => millis / 1000), ...columns]);
    this.section.querySelector(".empty").hidden = !this.#data.empty;
    this.#read();
  }

  /** What is drawn: for the tests. */
  get drawn() {
    return this.#plot?.data ?? [];
  }

  #read() {
    const index = this.#plot?.cursor.idx ?? null;
    const known = index !== null && index < this.#data.times.length ? index : null;
    const texts = this.texts(known);
    for (const [name, text] of Object.entries(texts)) {
      const place = this.section.querySelector(`[data-read="${name}"]`);
      if (place) setText(place, text);
    }
    const latest = Math.max(0, this.#data.times.length - 1);
    this.#target.setAttribute("aria-valuemax", latest);
    this.#target.setAttribute("aria-valuenow", known ?? latest);
    const spoken = Object.entries(texts).filter(([name]) => name !== "time").map((pair) => pair.join(" "));
    this.#target.setAttribute("aria-valuetext", `${texts.time}: ${spoken.join(", ")}`);
  }

  #move(event) {
    const latest = this.#data.times.length - 1;
    const from = this.#plot?.cursor.idx ?? latest + 1;
    const to = {
      ArrowLeft: Math.max(0, from - 1),
      ArrowRight: Math.min(latest, from + 1),
      Home: 0,
      End: latest,
      Escape: null,
    }[event.key];
    if (to === undefined || latest < 0) return;
    event.preventDefault();
    this.#point(to);
  }

  #point(index) {
    if (!this.#plot) return;
    const left = index == null ? -10 : this.#plot.valToPos(this.#plot.data[0][index], "x");
    this.#plot.setCursor({ left, top: index == null ? -10 : 0 }, true, true); // the other charts follow
  }

  #size() {
    return { width: Math.max(200, this.#target.clientWidth), height: HEIGHT };
  }

  #options() {
    const grid = { stroke: () => colour("grid"), width: 1 };
    const common = { stroke: () => colour("quiet"), font: AXIS_FONT, grid, ticks: { show: false } };
    const axis = this.axis();
    return {
      ...this.#size(),
      legend: { show: false },
      padding: [8, 28, 0, 0],
      scales: {
        x: { time: true, range: () => this.#data.span.map((millis) => millis / 1000) },
        y: { distr: axis.log ? 3 : 1, range: (plot, min, max) => axis.range(min, max) },
      },
      axes: [
        {
          ...common,
          grid: { show: false },
          size: 28,
          space: 64,
          incrs: TIME_STEPS,
          values: (plot, splits) => timesOfDay(splits.map((seconds) => seconds * 1000)),
        },
        {
          ...common,
          size: axis.size ?? 48,
          space: 32,
          ...(axis.steps ? { incrs: axis.steps } : {}),
          ...(axis.splits ? { splits: (plot, i, min, max) => axis.splits(min, max) } : {}),
          ...(axis.log ? { filter: (plot, splits) => splits } : {}),
          values: (plot, splits) => splits.map(axis.label),
        },
      ],
      series: [{}, ...this.series()],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: false, y: false },
        sync: { key: pointers.key },
        move: (plot, left, top) => [this.#snap(plot, left), top],
      },
      hooks: { setCursor: [() => this.#read()], draw: [(plot) => drawMarks(plot, colour)] },
    };
  }

  #snap(plot, left) {
    if (left < 0 || this.#data.times.length === 0) return left;
    return plot.valToPos(plot.data[0][plot.posToIdx(left)], "x");
  }
}

/** "12:00:05", or from and to. */
export function interval(startMillis, widthMillis) {
  return widthMillis === 1000
    ? timeOfDay(startMillis)
    : `${timeOfDay(startMillis)} – ${timeOfDay(startMillis + widthMillis)}`;
}

export function whole([fromMillis, toMillis]) {
  return `Last ${duration(Math.round((toMillis - fromMillis) / 1000) * 1000)}`;
}
