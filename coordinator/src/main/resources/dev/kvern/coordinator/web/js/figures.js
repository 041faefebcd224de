// The figures at the head of the page: totals since the coordinator started, and what is going on now below each.

import { byId, setText } from "./dom.js";
import { count, duration, largeCount, NONE, share } from "./format.js";
import { cachedTokens, currentLoad } from "./members.js";

const RATE_MILLIS = 60_000;

export function showFigures({ totals, members, uptime_ms: uptimeMillis, version }, history) {
  document.body.toggleAttribute("data-host", totals.cached_host_tokens > 0);
  setText(byId("version"), version);
  setText(byId("uptime"), duration(uptimeMillis));

  const cached = cachedTokens(totals);
  const requested = totals.requested_tokens;
  setText(byId("hit-rate"), totals.hit_rate == null ? NONE : share(cached, requested));
  setText(
    byId("hit-rate-of"),
    requested > 0 ? `${count(cached)} of ${count(requested)} prompt tokens` : "no prompt tokens requested yet",
  );

  setText(byId("tokens-saved"), largeCount(totals.tokens_saved));
  setText(
    byId("tokens-saved-by"),
    [
      ["local", totals.cached_local_tokens],
      ["host", totals.cached_host_tokens],
      ["cluster", totals.cached_cluster_tokens],
    ]
      .filter(([source, tokens]) => source !== "host" || tokens > 0)
      .map(([source, tokens]) => `${source} ${largeCount(tokens)}`)
      .join(", "),
  );

  const { running, queued } = currentLoad(members);
  setText(byId("requests"), largeCount(totals.finished_requests));
  setText(
    byId("requests-now"),
    `${count(totals.failed_requests)} failed, ${count(running)} running, ${count(queued)} queued`,
  );

  const lastMinute = history.total(RATE_MILLIS);
  setText(byId("generated"), largeCount(totals.generated_tokens));
  setText(
    byId("generated-rate"),
    lastMinute.seconds > 0 ? `${count(lastMinute.generated / lastMinute.seconds)}/s in the last minute` : "",
  );
}
