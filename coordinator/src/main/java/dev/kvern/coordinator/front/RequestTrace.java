package dev.kvern.coordinator.front;

import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.coordinator.routing.Route;
import dev.kvern.coordinator.routing.RouteDecision;
import dev.kvern.coordinator.stats.RequestDetail;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.coordinator.stats.RequestRecord.Outcome;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.LeadingBlocks;
import dev.kvern.v1.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What a call leaves in the log of requests. Confined to its call. */
final class RequestTrace {
    private static final int MOST_ROUTES = 4;
    private static final int MOST_TEXT = 240;
    private static final int MOST_CHARACTERS = 1_000;

    private final String id;
    private final CallClock clock;
    private final long arrivedAtMillis;
    private final long arrivedAtNanos;
    private String model;
    private String runner = "";
    private Usage usage = Usage.getDefaultInstance();
    private FinishReason reason = FinishReason.FINISH_REASON_UNSPECIFIED;
    private long firstTokenAtNanos = -1;
    private int attempts;
    private @Nullable MemberStatus answering;
    private final List<RouteDecision> routes = new ArrayList<>();
    private @Nullable LeadingBlocks blocks;

    RequestTrace(String id, String model, CallClock clock) {
        this.id = id;
        this.model = model;
        this.clock = clock;
        this.arrivedAtMillis = clock.epochMillis().getAsLong();
        this.arrivedAtNanos = clock.nanoTime().getAsLong();
    }

    void sentTo(Route route) {
        attempts++;
        MemberStatus to = route.runner();
        runner = to.id();
        answering = to;
        if (routes.size() == MOST_ROUTES) {
            routes.remove(0);
        }
        routes.add(route.decision());
        if (model.isEmpty() && to.member().getModelsCount() > 0) {
            model = to.member().getModels(0).getName();
        }
    }

    void passed(GenerateResponse response) {
        if (firstTokenAtNanos < 0 && response.getTokenIdsCount() > 0) {
            firstTokenAtNanos = clock.nanoTime().getAsLong();
        }
        if (response.hasUsage()) {
            usage = response.getUsage();
            reason = response.getFinishReason();
        }
        if (response.hasLeadingBlocks()) {
            blocks = response.getLeadingBlocks();
        }
    }

    /** Whether the last response has been seen. */
    boolean finished() {
        return reason != FinishReason.FINISH_REASON_UNSPECIFIED;
    }

    FinishReason reason() {
        return reason;
    }

    Outcome outcome() {
        return reason == FinishReason.FINISH_REASON_LENGTH ? Outcome.LENGTH : Outcome.STOP;
    }

    /** The prompt's blocks, if its runner named them. */
    Optional<LeadingBlocks> blocks() {
        return Optional.ofNullable(blocks);
    }

    RequestRecord ended(Outcome outcome, @Nullable String error) {
        return new RequestRecord(
                cut(id),
                arrivedAtMillis,
                runner,
                cut(model),
                usage,
                firstTokenAtNanos < 0 ? 0 : millis(firstTokenAtNanos - arrivedAtNanos),
                millis(clock.nanoTime().getAsLong() - arrivedAtNanos),
                outcome,
                attempts,
                error == null ? null : cut(error),
                detail());
    }

    /** The log is bounded, and so is what each of its entries says. */
    private static String cut(String text) {
        return text.length() > MOST_CHARACTERS ? text.substring(0, MOST_CHARACTERS) : text;
    }

    private RequestDetail detail() {
        MemberStatus by = answering;
        return new RequestDetail(
                routes,
                by == null ? "" : by.member().getDevice(),
                by == null ? 0 : by.runner().getPrefillTokensPerSecond(),
                by == null ? 0 : by.runner().getPowerWatts(),
                promptStart());
    }

    private String promptStart() {
        if (blocks == null) {
            return "";
        }
        var text = new StringBuilder();
        for (String part : blocks.getTextsList()) {
            if (text.length() + part.length() > MOST_TEXT) {
                break;
            }
            text.append(part);
        }
        return text.toString();
    }

    private static double millis(long nanos) {
        return (double) nanos / TimeUnit.MILLISECONDS.toNanos(1);
    }
}
