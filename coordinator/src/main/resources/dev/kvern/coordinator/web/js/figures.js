// The figures at the head of the page: totals since the coordinator started, and what is going on now below each.

import { byId, setText } from "./dom.js";
import { bytes, count, duration, largeCount, millis, NONE, share, work } from "./format.js";
import { cachedTokens, currentLoad } from "./members.js";

const RATE_MILLIS = 60_000;
const KINDS = { cpu: "CPU", cuda: "GPU", other: "device" };

export function showFigures(store) {
  const { totals, saved, ttft, uptime_ms: uptimeMillis, version } = store.figures;
  document.body.toggleAttribute("data-host", totals.cached_host_tokens > 0 || totals.host_capacity_bytes > 0);
  setText(byId("version"), version);
  setText(byId("uptime"), duration(uptimeMillis));
  setText(
    byId("coordinator-summary"),
    `release ${version}, up ${duration(uptimeMillis)}, heap ${bytes(store.figures.heap_used_bytes)} of ${bytes(store.figures.heap_capacity_bytes)}`,
  );

  const cached = cachedTokens(totals);
  const requested = totals.requested_tokens;
  setText(byId("hit-rate"), totals.hit_rate == null ? NONE : share(cached, requested));
  setText(
    byId("hit-rate-of"),
    requested > 0 ? `${count(cached)} of ${count(requested)} prompt tokens` : "no prompt tokens requested yet",
  );

  setText(byId("tokens-saved"), requested > 0 ? largeCount(totals.tokens_saved) : NONE);
  setText(
    byId("tokens-saved-by"),
    [
      ["local", totals.cached_local_tokens],
      ["host", totals.cached_host_tokens],
      ["cluster", totals.cached_cluster_tokens],
    ]
      .filter(([, tokens]) => tokens > 0)
      .map(([source, tokens]) => `${source} ${largeCount(tokens)}`)
      .join(", "),
  );
  showSaved(saved);

  setText(byId("ttft"), `${millis(ttft.hit.p50_ms)} / ${millis(ttft.miss.p50_ms)}`);
  setText(byId("ttft-of"), ttft.hit.count + ttft.miss.count > 0 ? "with / without reuse, last 15 min" : "no first token in the last 15 min");

  const { running, queued } = currentLoad(store.members.values());
  setText(byId("requests"), largeCount(totals.finished_requests));
  setText(byId("requests-now"), `${count(totals.failed_requests)} failed, ${count(running)} running, ${count(queued)} queued`);

  const lastMinute = store.tokens.total(RATE_MILLIS);
  setText(byId("generated"), largeCount(totals.generated_tokens));
  setText(byId("generated-rate"), lastMinute.seconds > 0 ? `${count(lastMinute.generated / lastMinute.seconds)}/s in the last minute` : "");
}

/** Seconds of the kind that saved most; the others and the energy below. */
function showSaved(saved) {
  const [most, ...others] = [...saved].sort((a, b) => b.seconds - a.seconds);
  setText(byId("saved-name"), most ? `${KINDS[most.kind] ?? most.kind} time` : "Computing");
  setText(byId("saved"), most ? work(most.seconds) : NONE);
  const energy = saved.reduce((sum, { watt_hours: wattHours }) => sum + (wattHours ?? 0), 0);
  const texts = [
    ...others.map(({ kind, seconds }) => `${KINDS[kind] ?? kind} ${work(seconds)}`),
    saved.some(({ watt_hours: wattHours }) => wattHours != null) ? `${energy.toPrecision(3)} Wh` : "",
    most ? `for ${largeCount(saved.reduce((sum, { tokens }) => sum + tokens, 0))} tokens` : "nothing reused yet",
  ];
  setText(byId("saved-of"), texts.filter(Boolean).join(", "));
}

const about = byId("saved-about");
byId("saved-link").addEventListener("click", (event) => {
  event.preventDefault();
  about.open = true;
  about.querySelector("summary").focus();
  about.scrollIntoView({ block: "nearest" });
});
