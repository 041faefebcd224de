// Lines of figures that are not summed: percentiles, shares.

import { Chart, colour, interval, whole } from "./chart.js";
import { create } from "./dom.js";

export class LineChart extends Chart {
  #options;
  #points = [];

  /**
   * @param options lines: () -> [{ colour, dash, value(point) }]; points: () -> points with a time at_ms; span: () -> [from, to];
   *   widthMillis: () -> of a point's interval; axis: as for bars; read: (point or null) -> texts of the read-out;
   *   key: (point or null) -> [name, colour, text] of each line, where the page does not name them
   */
  constructor(id, options) {
    super(id);
    this.#options = options;
    this.show();
  }

  axis() {
    return this.#options.axis;
  }

  series() {
    return this.#options.lines().map((line) => ({
      stroke: () => colour(line.colour),
      width: 2,
      dash: line.dash,
      spanGaps: true,
      points: { show: true, size: 5, fill: () => colour(line.colour), width: 0 },
    }));
  }

  data() {
    this.#points = this.#options.points();
    return {
      times: this.#points.map((point) => Math.min(point.at_ms + this.#options.widthMillis() / 2, this.#options.span()[1])),
      columns: this.#options.lines().map((line) => this.#points.map((point) => line.value(point) ?? null)),
      span: this.#options.span(),
      empty: this.#points.length === 0,
    };
  }

  texts(index) {
    const point = index === null ? null : this.#points[index];
    const time = point ? interval(point.at_ms, this.#options.widthMillis()) : whole(this.#options.span());
    this.#key(point);
    return { time, ...this.#options.read?.(point) };
  }

  /** A legend for lines that are not known beforehand. */
  #key(point) {
    const entries = this.#options.key?.(point);
    if (!entries) return;
    const list = this.section.querySelector(".key");
    list.replaceChildren(
      ...entries.map(([name, colourName, text]) => {
        const entry = create("div");
        const term = create("dt", "", entry);
        create("i", `swatch ${colourName}`, term);
        term.append(name);
        create("dd", "", entry).textContent = text;
        return entry;
      }),
    );
  }
}
