// The two charts: how much of what was asked for came from a cache, and where the prompt tokens came from.

import { StackedChart } from "./chart.js";
import { count, largeCount } from "./format.js";

/** 1, 2, 5, 10, … so that no label is a rounded fraction. */
const WHOLE_STEPS = Array.from({ length: 30 }, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3));

export function createCharts(history) {
  const hitRate = new StackedChart("hit-chart", history, {
    sources: ["local", "host", "cluster"],
    value: (tokens, bucket) => (bucket.requested > 0 ? (100 * tokens) / bucket.requested : null),
    format: (percent) => `${percent.toFixed(1)} %`,
    axis: { range: () => [0, 100], steps: [25, 50, 100], label: (percent) => `${percent} %` },
  });
  const bySource = new StackedChart("source-chart", history, {
    sources: ["local", "host", "cluster", "computed"],
    value: (tokens, bucket) => (bucket.seconds > 0 ? tokens / bucket.seconds : null),
    format: (rate) => `${count(rate)}/s`,
    axis: { range: (max) => [0, max > 0 ? max * 1.08 : 10], steps: WHOLE_STEPS, label: largeCount },
  });
  return {
    show() {
      hitRate.show();
      bySource.show();
    },
  };
}
