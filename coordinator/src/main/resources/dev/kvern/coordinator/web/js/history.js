// Counts of the last minutes, one point per interval, and their sums over wider buckets.

const WINDOW_MILLIS = 900_000;
const BUCKET_SECONDS = [1, 2, 5, 10, 15, 30, 60];

/** A window never shorter than this, so that a coordinator that has just started does not show two bars across the page. */
const MIN_WINDOW_SECONDS = 120;

export class History {
  #counts;
  #points = [];
  #intervalMillis = 1000;

  /** @param counts names of what a point counts */
  constructor(counts) {
    this.#counts = counts;
  }

  get points() {
    return this.#points;
  }

  /** Takes what the coordinator remembers. */
  replace({ interval_ms: intervalMillis, points }) {
    this.#intervalMillis = intervalMillis;
    this.#points = points;
  }

  append(point) {
    if (point.at_ms <= this.#points.at(-1)?.at_ms) return;
    this.#points.push(point);
    if (this.#points[0].at_ms < point.at_ms - WINDOW_MILLIS) this.#points.shift();
  }

  /** The sum over the last so many milliseconds: { startMillis, seconds, and each count }. */
  total(spanMillis = Infinity) {
    const end = this.#points.at(-1)?.at_ms ?? 0;
    const sum = this.#empty(end);
    for (const point of this.#points) {
      if (point.at_ms > end - spanMillis) this.#add(sum, point);
    }
    sum.startMillis = end - sum.seconds * 1000;
    return sum;
  }

  /** The time that charts show: from and to, in milliseconds. */
  span() {
    const last = this.#points.at(-1)?.at_ms ?? Date.now();
    const seconds = Math.max(MIN_WINDOW_SECONDS, (last - (this.#points[0]?.at_ms ?? last)) / 1000);
    return [last - seconds * 1000, last];
  }

  /**
   * All points in at most maxBuckets buckets of one width, which start at multiples of it, so that a bucket's sum does not change
   * as the window moves on. Intervals without a point are buckets with `seconds` 0.
   */
  buckets(maxBuckets) {
    if (this.#points.length === 0) return { widthMillis: 1000, buckets: [] };
    const [firstMillis, lastMillis] = this.span();
    const spanSeconds = (lastMillis - firstMillis) / 1000;
    const width =
      BUCKET_SECONDS.find((seconds) => seconds * 1000 >= this.#intervalMillis && spanSeconds / seconds <= maxBuckets) ??
      BUCKET_SECONDS.at(-1);
    const widthMillis = width * 1000;
    const first = Math.floor(firstMillis / widthMillis);
    const last = Math.floor(lastMillis / widthMillis);
    const buckets = Array.from({ length: last - first + 1 }, (_, i) => this.#empty((first + i) * widthMillis));
    for (const point of this.#points) {
      const bucket = buckets[Math.floor(point.at_ms / widthMillis) - first];
      if (bucket) this.#add(bucket, point);
    }
    return { widthMillis, buckets };
  }

  #add(bucket, point) {
    bucket.seconds += this.#intervalMillis / 1000;
    for (const name of this.#counts) bucket[name] += point[name];
  }

  #empty(startMillis) {
    return { startMillis, seconds: 0, ...Object.fromEntries(this.#counts.map((name) => [name, 0])) };
  }
}
