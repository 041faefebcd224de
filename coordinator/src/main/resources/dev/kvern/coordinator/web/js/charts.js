// The charts: what each draws, in which unit.

import { bytes, count, largeCount, millis, NONE, share } from "./format.js";
import { LineChart } from "./lines.js";
import { StackedChart } from "./stacked.js";

/** 1, 2, 5, 10, … so that no label is a rounded fraction. */
const WHOLE_STEPS = Array.from({ length: 40 }, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3));
const BYTE_STEPS = Array.from({ length: 45 }, (_, i) => 2 ** i);
const LINE_COLOURS = ["local", "cluster", "host", "used", "computed", "warn-fill"];
const DASHES = [undefined, [6, 3], [2, 3]];

const fromZero = (least) => (min, max) => [0, max > 0 ? Math.max(max * 1.08, least) : 10];
const perSecond = (amount, bucket) => (bucket.seconds > 0 ? amount / bucket.seconds : null);
const rateAxis = { range: fromZero(0), steps: WHOLE_STEPS, label: largeCount };
const perMinute = (amount, bucket) => (bucket.seconds > 0 ? (60 * amount) / bucket.seconds : null);

export function createCharts(store) {
  const overview = [
    new StackedChart("hit-chart", store.tokens, {
      sources: [["local", "local"], ["host", "host"], ["cluster", "cluster"]],
      value: (tokens, bucket) => (bucket.requested > 0 ? (100 * tokens) / bucket.requested : null),
      format: (percent) => `${percent.toFixed(1)} %`,
      axis: { range: () => [0, 100], steps: [25, 50, 100], label: (percent) => `${percent} %` },
      more: (bucket) => ({
        of:
          bucket.requested > 0
            ? `${count(bucket.local + bucket.host + bucket.cluster)} of ${count(bucket.requested)} tokens`
            : "",
      }),
    }),
    new StackedChart("source-chart", store.tokens, {
      sources: [["local", "local"], ["host", "host"], ["cluster", "cluster"], ["computed", "computed"]],
      value: perSecond,
      format: (rate) => `${count(rate)}/s`,
      axis: rateAxis,
    }),
    ttftChart(store),
    new StackedChart("throughput-chart", store.tokens, {
      sources: [["generated", "used"]],
      value: perSecond,
      format: (rate) => `${rate < 10 ? rate.toFixed(1) : count(rate)}/s`,
      axis: rateAxis,
      more: (bucket) => ({
        finished: bucket.seconds > 0 ? `${perMinute(bucket.finished, bucket).toFixed(1)}/min` : NONE,
        failed: bucket.seconds > 0 ? `${perMinute(bucket.failed, bucket).toFixed(1)}/min` : NONE,
      }),
    }),
  ];
  const cluster = [
    fillChart(store),
    new StackedChart("traffic-chart", store.nodes, {
      sources: [["received_bytes", "local"], ["sent_bytes", "cluster"]],
      value: perSecond,
      format: (rate) => `${bytes(rate)}/s`,
      axis: { range: fromZero(0), steps: BYTE_STEPS, label: bytes, size: 62 },
    }),
    new StackedChart("evicted-chart", store.nodes, {
      sources: [["evicted_watermark", "local"], ["evicted_gone", "host"], ["deleted", "computed"]],
      value: perMinute,
      format: (rate) => `${count(rate)}/min`,
      axis: rateAxis,
    }),
    new StackedChart("refused-chart", store.nodes, {
      sources: [
        ["rejected_budget", "local"],
        ["rejected_size", "cluster"],
        ["rejected_checksum", "host"],
        ["rejected_malformed", "computed"],
        ["rejected_unavailable", "used"],
        ["corrupt", "bad"],
      ],
      value: perMinute,
      format: (rate) => `${count(rate)}/min`,
      axis: rateAxis,
    }),
  ];
  const views = { overview, cluster };
  return {
    show: (view) => views[view]?.forEach((chart) => chart.show()),
    named: Object.fromEntries([...overview, ...cluster].map((chart) => [chart.section.id, chart])),
  };
}

function ttftChart(store) {
  const line = (kind, of, name, dash) => ({ colour: name, dash, value: (point) => point[kind][of] });
  const text = ({ count: n, p50_ms: p50, p90_ms: p90, p99_ms: p99 }) =>
    n > 0 ? `${millis(p50)} / ${millis(p90)} / ${millis(p99)} of ${count(n)}` : NONE;
  return new LineChart("ttft-chart", {
    lines: () => [
      line("hit", "p50_ms", "local"),
      line("hit", "p99_ms", "local", [4, 4]),
      line("miss", "p50_ms", "computed"),
      line("miss", "p99_ms", "computed", [4, 4]),
    ],
    points: () => store.ttft.filter((point) => point.at_ms >= store.tokens.span()[0] - store.ttftMillis),
    span: () => store.tokens.span(),
    widthMillis: () => store.ttftMillis,
    axis: {
      log: true,
      range: (min, max) => (max > 0 ? [10 ** Math.floor(Math.log10(min)), 10 ** Math.ceil(Math.log10(max * 1.01))] : [1, 1000]),
      splits: (min, max) => {
        const decades = [];
        for (let at = min; at <= max * 1.01; at *= 10) decades.push(at);
        return decades;
      },
      label: millis,
      size: 56,
    },
    read: (point) => {
      const of = point ?? store.figures?.ttft;
      return of ? { hit: text(of.hit), miss: text(of.miss) } : { hit: NONE, miss: NONE };
    },
  });
}

function fillChart(store) {
  const ids = () => [...new Set(store.nodes.points.flatMap((point) => Object.keys(point.fill)))].sort();
  return new LineChart("fill-chart", {
    lines: () =>
      ids().map((id, i) => ({
        colour: LINE_COLOURS[i % LINE_COLOURS.length].replace("-fill", ""),
        dash: DASHES[Math.floor(i / LINE_COLOURS.length) % DASHES.length],
        value: (point) => (id in point.fill ? 100 * point.fill[id] : null),
      })),
    points: () => store.nodes.points,
    span: () => store.nodes.span(),
    widthMillis: () => 0,
    axis: {
      range: (min, max) => [0, max > 50 ? 100 : Math.max(1, max * 1.2)],
      label: (percent) => `${Number(percent.toFixed(1))} %`,
    },
    key: (point) => {
      const of = point ?? store.nodes.points.at(-1);
      return ids().map((id, i) => [id, LINE_COLOURS[i % LINE_COLOURS.length], share(of?.fill[id], 1)]);
    },
  });
}
