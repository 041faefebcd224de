package dev.kvern.coordinator.front;

import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.coordinator.stats.RequestRecord.Outcome;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.Usage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What a call leaves in the log of requests. Confined to its call. */
final class RequestTrace {
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

    RequestTrace(String id, String model, CallClock clock) {
        this.id = id;
        this.model = model;
        this.clock = clock;
        this.arrivedAtMillis = clock.epochMillis().getAsLong();
        this.arrivedAtNanos = clock.nanoTime().getAsLong();
    }

    void sentTo(MemberStatus to) {
        attempts++;
        runner = to.id();
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

    RequestRecord ended(Outcome outcome, @Nullable String error) {
        return new RequestRecord(
                id,
                arrivedAtMillis,
                runner,
                model,
                usage,
                firstTokenAtNanos < 0 ? 0 : millis(firstTokenAtNanos - arrivedAtNanos),
                millis(clock.nanoTime().getAsLong() - arrivedAtNanos),
                outcome,
                attempts,
                error);
    }

    private static double millis(long nanos) {
        return (double) nanos / TimeUnit.MILLISECONDS.toNanos(1);
    }
}
