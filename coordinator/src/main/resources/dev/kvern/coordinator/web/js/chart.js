// A chart of stacked bars over time, with a read-out that follows the pointer or the arrow keys.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { setText } from "./dom.js";
import { duration, NONE, timeOfDay, timesOfDay } from "./format.js";

const HEIGHT = 190;
const MIN_BAR_PIXELS = 5;
const TIME_STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];
const AXIS_FONT = "12px system-ui, sans-serif";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const pointers = uPlot.sync("time");

export class StackedChart {
  #section;
  #target;
  #history;
  #sources;
  #value;
  #format;
  #plot;
  #buckets = [];
  #widthMillis = 1000;

  /**
   * @param id of the section that holds the read-out and the plot
   * @param sources what is stacked, bottom first: names of counts in a bucket, and of colours in the style sheet
   * @param value (tokens, bucket) -> what is drawn, or null where there is nothing to say
   * @param format (value) -> its text in the read-out
   * @param axis { range(max), steps, label(value) } of the vertical axis
   */
  constructor(id, history, { sources, value, format, axis }) {
    this.#section = document.getElementById(id);
    this.#target = this.#section.querySelector(".plot");
    this.#history = history;
    this.#sources = sources;
    this.#value = value;
    this.#format = format;
    this.#plot = new uPlot(this.#options(axis), [[], ...sources.map(() => [])], this.#target);
    this.#target.addEventListener("keydown", (event) => this.#move(event));
    this.#target.addEventListener("blur", () => this.#point(null));
    new ResizeObserver(() => {
      this.#plot.setSize(this.#size());
      this.show();
    }).observe(this.#target);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot.redraw(false, true));
  }

  show() {
    const { widthMillis, buckets } = this.#history.buckets(Math.floor(this.#plot.width / MIN_BAR_PIXELS));
    this.#buckets = buckets;
    this.#widthMillis = widthMillis;
    this.#plot.setData([buckets.map((bucket) => (bucket.startMillis + widthMillis / 2) / 1000), ...this.#stacks()]);
    this.#section.querySelector(".empty").hidden = buckets.some((bucket) => bucket.requested > 0);
    this.#read();
  }

  /** One series per source, the whole stack first: each next one is drawn over it, and what stays visible is its own part. */
  #stacks() {
    const stacks = [];
    for (let n = this.#sources.length; n > 0; n--) {
      const below = this.#sources.slice(0, n);
      stacks.push(
        this.#buckets.map((bucket) => this.#value(below.reduce((sum, source) => sum + bucket[source], 0), bucket)),
      );
    }
    return stacks;
  }

  #read() {
    const index = this.#plot.cursor.idx;
    const bucket = this.#buckets[index] ?? this.#history.total();
    const when = this.#buckets[index] ? this.#interval(bucket) : this.#whole(bucket);
    const total = this.#sources.reduce((sum, source) => sum + bucket[source], 0);
    const texts = { total: this.#text(total, bucket) };
    for (const source of this.#sources) texts[source] = this.#text(bucket[source], bucket);
    setText(this.#section.querySelector("[data-read=time]"), when);
    for (const [name, text] of Object.entries(texts)) setText(this.#section.querySelector(`[data-read=${name}]`), text);

    const latest = this.#buckets.length - 1;
    this.#target.setAttribute("aria-valuemax", Math.max(0, latest));
    this.#target.setAttribute("aria-valuenow", Math.max(0, index ?? latest));
    const spoken = Object.entries(texts).map((pair) => pair.join(" "));
    this.#target.setAttribute("aria-valuetext", `${when}: ${spoken.join(", ")}`);
  }

  #text(tokens, bucket) {
    const value = this.#value(tokens, bucket);
    return value == null ? NONE : this.#format(value);
  }

  #interval({ startMillis }) {
    return this.#widthMillis === 1000
      ? timeOfDay(startMillis)
      : `${timeOfDay(startMillis)} – ${timeOfDay(startMillis + this.#widthMillis)}`;
  }

  #whole({ seconds }) {
    return seconds > 0 ? `Last ${duration(Math.round(seconds) * 1000)}` : "";
  }

  #move(event) {
    const latest = this.#buckets.length - 1;
    const from = this.#plot.cursor.idx ?? latest + 1;
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
    const left = index == null ? -10 : this.#plot.valToPos(this.#plot.data[0][index], "x");
    this.#plot.setCursor({ left, top: index == null ? -10 : 0 }, true, true); // the other chart follows
  }

  #size() {
    return { width: Math.max(240, this.#target.clientWidth), height: HEIGHT };
  }

  #options(axis) {
    const grid = { stroke: () => colour("grid"), width: 1 };
    const common = { stroke: () => colour("quiet"), font: AXIS_FONT, grid, ticks: { show: false } };
    return {
      ...this.#size(),
      legend: { show: false },
      padding: [8, 18, 0, 0],
      scales: {
        x: { time: true, range: () => this.#span() },
        y: { range: (plot, min, max) => axis.range(max) },
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
        { ...common, size: 48, space: 36, incrs: axis.steps, values: (plot, splits) => splits.map(axis.label) },
      ],
      series: [
        {},
        ...this.#sources.toReversed().map((source) => ({
          fill: () => colour(source),
          width: 0,
          points: { show: false },
          paths: uPlot.paths.bars({ size: [1], gap: 1 }),
        })),
      ],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: false, y: false },
        sync: { key: pointers.key },
        move: (plot, left, top) => [this.#snap(plot, left), top],
      },
      hooks: { setCursor: [() => this.#read()] },
    };
  }

  #span() {
    const first = this.#buckets[0]?.startMillis ?? Date.now() - 120_000;
    const end = this.#buckets.length > 0 ? this.#buckets.at(-1).startMillis + this.#widthMillis : Date.now();
    return [first / 1000, end / 1000];
  }

  #snap(plot, left) {
    if (left < 0 || this.#buckets.length === 0) return left;
    return plot.valToPos(plot.data[0][plot.posToIdx(left)], "x");
  }
}
