// The token counts of the last minutes, one point per interval, and their sums over wider buckets.

const MAX_POINTS = 900;
const BUCKET_SECONDS = [1, 2, 5, 10, 15, 30, 60];

/** A window never shorter than this, so that a coordinator that has just started does not show two bars across the page. */
const MIN_WINDOW_SECONDS = 120;

const COUNTS = ["requested", "local", "host", "cluster", "computed", "generated"];

export class History {
  #points = [];
  #intervalMillis = 1000;

  /** Takes what the coordinator remembers; points that arrived while it was fetched are kept. */
  replace({ interval_ms: intervalMillis, points }) {
    const last = points.at(-1)?.at_ms ?? -Infinity;
    const newer = this.#points.filter((point) => point.at_ms > last);
    this.#intervalMillis = intervalMillis;
    this.#points = [...points, ...newer].slice(-MAX_POINTS);
  }

  append(point) {
    if (point.at_ms <= this.#points.at(-1)?.at_ms) return;
    this.#points.push(point);
    if (this.#points.length > MAX_POINTS) this.#points.shift();
  }

  /** The sum over the last so many milliseconds: { startMillis, seconds, requested, local, … }. */
  total(spanMillis = Infinity) {
    const end = this.#points.at(-1)?.at_ms ?? 0;
    const sum = emptyBucket(end);
    for (const point of this.#points) {
      if (point.at_ms > end - spanMillis) this.#add(sum, point);
    }
    sum.startMillis = end - sum.seconds * 1000;
    return sum;
  }

  /**
   * All points in at most maxBuckets buckets of one width, which start at multiples of it, so that a bucket's sum does not change
   * as the window moves on. Seconds without a point are buckets with `seconds` 0.
   */
  buckets(maxBuckets) {
    if (this.#points.length === 0) return { widthMillis: 1000, buckets: [] };
    const lastMillis = this.#points.at(-1).at_ms;
    const spanSeconds = Math.max(MIN_WINDOW_SECONDS, (lastMillis - this.#points[0].at_ms) / 1000);
    const width =
      BUCKET_SECONDS.find((seconds) => seconds * 1000 >= this.#intervalMillis && spanSeconds / seconds <= maxBuckets) ??
      BUCKET_SECONDS.at(-1);
    const widthMillis = width * 1000;
    const first = Math.floor((lastMillis - spanSeconds * 1000) / widthMillis);
    const last = Math.floor(lastMillis / widthMillis);
    const buckets = Array.from({ length: last - first + 1 }, (_, i) => emptyBucket((first + i) * widthMillis));
    for (const point of this.#points) {
      const bucket = buckets[Math.floor(point.at_ms / widthMillis) - first];
      if (bucket) this.#add(bucket, point);
    }
    return { widthMillis, buckets };
  }

  #add(bucket, point) {
    bucket.seconds += this.#intervalMillis / 1000;
    for (const name of COUNTS) bucket[name] += point[name];
  }
}

function emptyBucket(startMillis) {
  return { startMillis, seconds: 0, requested: 0, local: 0, host: 0, cluster: 0, computed: 0, generated: 0 };
}
