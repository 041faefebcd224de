// Stacked bars of counts.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { Chart, colour, interval } from "./chart.js";
import { duration, NONE } from "./format.js";

const MIN_BAR_PIXELS = 5;

export class StackedChart extends Chart {
  #history;
  #options;
  #buckets = [];
  #widthMillis = 1000;

  /**
   * @param options sources: what is stacked, bottom first, [name of a count, name of a colour];
   *   value: (amount, bucket) -> what is drawn, or null where there is nothing to say;
   *   format: (value) -> its text; axis: { range(min, max), steps, label(value) }; more: (bucket) -> further texts of the read-out
   */
  constructor(id, history, options) {
    super(id);
    this.#history = history;
    this.#options = options;
    this.show();
  }

  axis() {
    return this.#options.axis;
  }

  series() {
    return this.#options.sources.toReversed().map(([, name]) => ({
      fill: () => colour(name),
      width: 0,
      points: { show: false },
      paths: uPlot.paths.bars({ size: [1], gap: 1 }),
    }));
  }

  data(width) {
    const { widthMillis, buckets } = this.#history.buckets(Math.floor(width / MIN_BAR_PIXELS));
    this.#buckets = buckets;
    this.#widthMillis = widthMillis;
    const first = buckets[0]?.startMillis ?? this.#history.span()[0];
    const end = buckets.length > 0 ? buckets.at(-1).startMillis + widthMillis : this.#history.span()[1];
    return {
      times: buckets.map((bucket) => bucket.startMillis + widthMillis / 2),
      columns: this.#stacks(),
      span: [first, end],
      empty: !buckets.some((bucket) => this.#sum(bucket) > 0),
    };
  }

  /** One column per source, the whole stack first: each next one is drawn over it, and what stays visible is its own part. */
  #stacks() {
    const { sources, value } = this.#options;
    const stacks = [];
    for (let n = sources.length; n > 0; n--) {
      stacks.push(this.#buckets.map((bucket) => value(this.#sum(bucket, n), bucket)));
    }
    return stacks;
  }

  #sum(bucket, first = this.#options.sources.length) {
    return this.#options.sources.slice(0, first).reduce((sum, [name]) => sum + bucket[name], 0);
  }

  texts(index) {
    const { sources, more } = this.#options;
    const bucket = index === null ? this.#history.total() : this.#buckets[index];
    const time =
      index === null
        ? bucket.seconds > 0 ? `Last ${duration(Math.round(bucket.seconds) * 1000)}` : ""
        : interval(bucket.startMillis, this.#widthMillis);
    const texts = { time, total: this.#text(this.#sum(bucket), bucket) };
    for (const [name] of sources) texts[name] = this.#text(bucket[name], bucket);
    return { ...texts, ...more?.(bucket) };
  }

  #text(amount, bucket) {
    const value = this.#options.value(amount, bucket);
    return value == null ? NONE : this.#options.format(value);
  }
}
