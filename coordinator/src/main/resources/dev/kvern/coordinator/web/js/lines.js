// Lines of figures that are not summed: percentiles, shares.

import { Chart, colour, interval, whole } from "./chart.js";
import { create } from "./dom.js";

/** A row without values, which breaks the lines. */
const isSilence = (point) => Object.keys(point).length === 1;

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
      points: { show: true, size: 5, fill: () => colour(line.colour), width: 0 },
    }));
  }

  data() {
    this.#points = this.#options.points();
    // A line goes over intervals in which it has no value, but not over a long silence.
    const longest = 6 * this.#options.widthMillis();
    const rows = [];
    this.#points.forEach((point, i) => {
      const before = this.#points[i - 1];
      if (before && longest > 0 && point.at_ms - before.at_ms > longest) rows.push({ at_ms: before.at_ms + longest / 2 });
      rows.push(point);
    });
    this.#points = rows;
    return {
      times: this.#points.map((point) => Math.min(point.at_ms + this.#options.widthMillis() / 2, this.#options.span()[1])),
      columns: this.#options.lines().map((line) => rows.map((point) => (isSilence(point) ? null : (line.value(point) ?? undefined)))),
      span: this.#options.span(),
      empty: rows.length === 0,
    };
  }

  texts(index) {
    const point = index === null || isSilence(this.#points[index]) ? null : this.#points[index];
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
