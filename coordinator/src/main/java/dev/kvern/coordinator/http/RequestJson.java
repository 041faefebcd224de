package dev.kvern.coordinator.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.coordinator.routing.Candidate;
import dev.kvern.coordinator.routing.RouteDecision;
import dev.kvern.coordinator.routing.Weighed;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.v1.PromptSpan;
import dev.kvern.v1.TokenSource;
import dev.kvern.v1.Usage;
import java.util.List;
import java.util.Locale;

/** Requests as JSON. */
final class RequestJson {
    private RequestJson() {}

    /** What a line of the log says. */
    static ObjectNode line(RequestLog.Entry entry) {
        RequestRecord request = entry.record();
        Usage usage = request.usage();
        ObjectNode node = JsonText.object();
        node.put("seq", entry.sequence());
        node.put("request_id", request.requestId());
        node.put("at_ms", request.atMillis());
        node.put("runner", request.runner());
        node.put("model", request.model());
        node.put("prompt_tokens", usage.getPromptTokens());
        node.put("cached_local_tokens", usage.getCachedLocalTokens());
        node.put("cached_host_tokens", usage.getCachedHostTokens());
        node.put("cached_cluster_tokens", usage.getCachedClusterTokens());
        node.put("computed_tokens", usage.getComputedTokens());
        node.put("completion_tokens", usage.getCompletionTokens());
        node.put("ttft_ms", request.ttftMillis());
        node.put("total_ms", request.totalMillis());
        node.put("outcome", request.outcome().name().toLowerCase(Locale.ROOT));
        node.put("attempts", request.attempts());
        node.put("error", request.error());
        return node;
    }

    /** The same and all else that is known. */
    static ObjectNode detail(RequestLog.Entry entry) {
        RequestRecord request = entry.record();
        ObjectNode node = line(entry);
        node.put("runner_ttft_ms", request.usage().getTtftMillis());
        node.put("queue_ms", request.usage().getQueueMillis());
        node.put("fetch_ms", request.usage().getFetchMillis());
        node.put("prompt_start", request.detail().promptStart());
        node.put("device", request.detail().device());
        node.put("prefill_tokens_per_second", request.detail().prefillTokensPerSecond());
        JsonText.put(node, "saved_seconds", request.savedSeconds());
        node.set("spans", spans(request.usage().getSpansList()));
        ArrayNode routes = node.putArray("routes");
        request.detail().routes().forEach(route -> routes.add(route(route)));
        return node;
    }

    /** Pairs of a source's name and a number of tokens. */
    static ArrayNode spans(List<PromptSpan> spans) {
        ArrayNode all = JsonText.array();
        for (PromptSpan span : spans) {
            all.addArray().add(source(span.getSource())).add(span.getTokens());
        }
        return all;
    }

    private static String source(TokenSource source) {
        return switch (source) {
            case TOKEN_SOURCE_LOCAL -> "local";
            case TOKEN_SOURCE_HOST -> "host";
            case TOKEN_SOURCE_CLUSTER -> "cluster";
            case TOKEN_SOURCE_COMPUTED -> "computed";
            case TOKEN_SOURCE_UNSPECIFIED, UNRECOGNIZED -> "several";
        };
    }

    private static ObjectNode route(RouteDecision route) {
        ObjectNode node = JsonText.object();
        node.put("reason", route.reason().name().toLowerCase(Locale.ROOT));
        node.put("chosen", route.chosen());
        node.put("prompt_tokens", route.promptTokens());
        node.put("considered", route.considered());
        ArrayNode candidates = node.putArray("candidates");
        for (Weighed weighed : route.candidates()) {
            Candidate candidate = weighed.candidate();
            ObjectNode one = candidates.addObject();
            one.put("runner", candidate.runner());
            one.put("held_tokens", Math.min(candidate.cachedTokens(), route.promptTokens()));
            one.put("waiting_tokens", candidate.waitingTokens());
            one.put("requests", candidate.requests());
            if (weighed.cost().isPresent()) {
                one.put("cost", weighed.cost().getAsLong());
            } else {
                one.putNull("cost");
            }
        }
        return node;
    }
}
