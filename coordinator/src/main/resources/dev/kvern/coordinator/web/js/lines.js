// Lines of figures that are not summed: percentiles, shares.

import { Chart, colour, interval, whole } from "./chart.js";

export class LineChart extends Chart {
  #options;
  #points = [];

  /**
   * @param options lines: () -> [{ colour, dash, value(point) }]; points: () -> points with a time at_ms; span: () -> [from, to];
   *   widthMillis: () -> of a point's interval; axis: as for bars; read: (point or null) -> texts of the read-out
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
      times: this.#points.map((point) => point.at_ms + this.#options.widthMillis() / 2),
      columns: this.#options.lines().map((line) => this.#points.map((point) => line.value(point) ?? null)),
      span: this.#options.span(),
      empty: this.#points.length === 0,
    };
  }

  texts(index) {
    const point = index === null ? null : this.#points[index];
    const time = point ? interval(point.at_ms, this.#options.widthMillis()) : whole(this.#options.span());
    return { time, ...this.#options.read(point) };
  }
}
