package dev.kvern.coordinator.front;

import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.coordinator.routing.PromptBlocks;
import dev.kvern.coordinator.routing.Route;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.telemetry.RequestScope;
import dev.kvern.telemetry.SpanAttributes;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateRequest;
import io.grpc.Context;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import java.util.List;
import java.util.function.Supplier;

/** What one Generate call leaves in its trace. Immutable. */
final class RequestSpans {
    private static final AttributeKey<List<String>> CANDIDATES = AttributeKey.stringArrayKey("kvern.candidates");
    private static final AttributeKey<Long> PROMPT_TOKENS = AttributeKey.longKey("kvern.prompt_tokens");
    private static final AttributeKey<Long> CACHED_TOKENS = AttributeKey.longKey("kvern.route.cached_tokens");
    private static final AttributeKey<Long> ATTEMPTS = AttributeKey.longKey("kvern.attempts");
    private static final int MAX_CANDIDATES = 16;

    private final Telemetry telemetry;
    private final Context context;
    private final Span call;

    /** @param context of the call */
    RequestSpans(Telemetry telemetry, Context context, GenerateRequest request) {
        this.telemetry = telemetry;
        this.context = context;
        this.call = Telemetry.span(context);
        SpanAttributes.request(call, request);
    }

    /** Does something as part of the call, whatever thread it is on. */
    void run(Runnable task) {
        RequestScope.run(context, task);
    }

    /** Chooses a runner. */
    Route routing(List<MemberStatus> candidates, PromptBlocks prompt, Supplier<Route> choice) {
        if (!call.isRecording()) {
            return choice.get();
        }
        Span span = telemetry.begin("kvern.route", context);
        try {
            Route route = choice.get();
            span.setAttribute(SpanAttributes.RUNNER, route.runner().id());
            span.setAttribute(CACHED_TOKENS, route.cachedTokens());
            span.setAttribute(PROMPT_TOKENS, prompt.tokens());
            span.setAttribute(
                    CANDIDATES,
                    candidates.stream()
                            .limit(MAX_CANDIDATES)
                            .map(MemberStatus::id)
                            .toList());
            return route;
        } finally {
            span.end();
        }
    }

    void ended(RequestRecord record, FinishReason reason) {
        if (call.isRecording()) {
            call.setAttribute(SpanAttributes.RUNNER, record.runner());
            call.setAttribute(ATTEMPTS, record.attempts());
            SpanAttributes.usage(call, record.usage(), reason);
        }
    }
}
