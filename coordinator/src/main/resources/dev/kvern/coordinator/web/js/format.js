// Numbers and times as people read them. "–" stands for a value that does not exist yet, which is not the same as zero.

export const NONE = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", minimumFractionDigits: 1, maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const clockMinutes = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

export function count(value) {
  return value == null ? NONE : whole.format(value);
}

/** Every digit up to ten million, "12.34M" above. */
export function largeCount(value) {
  return value == null || value < 1e7 ? count(value) : short.format(value);
}

/** A share in percent; "–" where the whole is zero, and never "0.0 %" or "100.0 %" for what is only close to it. */
export function share(part, total) {
  if (part == null || !total) return NONE;
  const percent = (100 * part) / total;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  if (percent < 100 && percent > 99.9) return ">99.9 %";
  return `${percent.toFixed(1)} %`;
}

export function bytes(value) {
  if (value == null) return NONE;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${unit === 0 || scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)} ${units[unit]}`;
}

/** The two largest units: "3 d 4 h", "12 min 5 s". */
export function duration(millis) {
  if (millis == null) return NONE;
  const seconds = Math.floor(millis / 1000);
  const parts = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

export function timeOfDay(millis) {
  return clock.format(millis);
}

/** For a chart's axis: seconds only where one of the times has some. */
export function timesOfDay(manyMillis) {
  const format = manyMillis.every((millis) => millis % 60_000 === 0) ? clockMinutes : clock;
  return manyMillis.map((millis) => format.format(millis));
}

/** A duration to three digits: "0.4 ms", "12 ms", "1.25 s". */
export function millis(value) {
  if (value == null) return NONE;
  if (value < 10) return `${Number(value.toFixed(1))} ms`;
  if (value < 1000) return `${value.toFixed(0)} ms`;
  return `${Number((value / 1000).toPrecision(3))} s`;
}

/** Seconds of work: "12.3 s", "4 min 5 s". */
export function work(seconds) {
  if (seconds == null) return NONE;
  return Math.abs(seconds) < 60 ? `${seconds.toFixed(1)} s` : duration(seconds * 1000);
}
