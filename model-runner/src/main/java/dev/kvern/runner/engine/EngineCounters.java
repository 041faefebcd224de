package dev.kvern.runner.engine;

import java.util.concurrent.atomic.LongAdder;

/** The engine's running totals: written by its thread, read by any. */
final class EngineCounters {
    private static final double NEWEST_SHARE = 0.2;

    final LongAdder local = new LongAdder();
    final LongAdder host = new LongAdder();
    final LongAdder cluster = new LongAdder();
    final LongAdder computed = new LongAdder();
    final LongAdder generated = new LongAdder();
    final LongAdder finished = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder preemptions = new LongAdder();
    final LongAdder recomputed = new LongAdder();
    final LongAdder refused = new LongAdder();

    /** Requests ended because something was computed that is no finite number. */
    final LongAdder notFinite = new LongAdder();

    /** Steps that found no memory on the device. */
    final LongAdder shortages = new LongAdder();

    private final LongAdder decodeSteps = new LongAdder();
    private final LongAdder decodedRows = new LongAdder();
    private final LongAdder admissions = new LongAdder();
    private final LongAdder queueNanos = new LongAdder();
    private volatile double prefillTokensPerSecond;

    /** A moving average: new steps count for a fifth. */
    void prefilled(int tokens, long nanos) {
        double now = tokens * 1e9 / Math.max(1, nanos);
        double before = prefillTokensPerSecond;
        prefillTokensPerSecond = before == 0 ? now : before + NEWEST_SHARE * (now - before);
    }

    /** A step gave a token to each of so many requests. */
    void decoded(int rows) {
        decodeSteps.increment();
        decodedRows.add(rows);
    }

    /** A request was admitted for the first time, after so long. */
    void admitted(long waitedNanos) {
        admissions.increment();
        queueNanos.add(waitedNanos);
    }

    void firstToken(Usage usage) {
        local.add(usage.localTokens());
        host.add(usage.hostTokens());
        cluster.add(usage.clusterTokens());
        computed.add(usage.computedTokens());
    }

    EngineLoad load(int running, int queued, long queuedPrefillTokens) {
        long fromPool = local.sum();
        long copied = host.sum();
        long fetched = cluster.sum();
        long calculated = computed.sum();
        return new EngineLoad(
                running,
                queued,
                queuedPrefillTokens,
                fromPool + copied + fetched + calculated,
                fromPool,
                copied,
                fetched,
                calculated,
                generated.sum(),
                finished.sum(),
                failed.sum(),
                preemptions.sum(),
                recomputed.sum(),
                refused.sum(),
                decodeSteps.sum(),
                decodedRows.sum(),
                admissions.sum(),
                queueNanos.sum(),
                notFinite.sum(),
                shortages.sum(),
                prefillTokensPerSecond);
    }
}
