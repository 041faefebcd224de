package dev.kvern.runner.tier;

import dev.kvern.stats.Histogram;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Running totals of a client since it started. Safe for use by several threads. */
public final class TierCounters {
    private static final double NANOS_PER_SECOND = 1e9;

    private final LongAdder fetches = new LongAdder();
    private final LongAdder fetchedChunks = new LongAdder();
    private final LongAdder fetchedBytes = new LongAdder();
    private final LongAdder putChunks = new LongAdder();
    private final LongAdder putBytes = new LongAdder();
    private final LongAdder nodeFailures = new LongAdder();
    private final Histogram fetchHitSeconds = Histogram.latency();
    private final Histogram fetchMissSeconds = Histogram.latency();
    private final Histogram fetchFailedSeconds = Histogram.latency();
    private final Histogram putSeconds = Histogram.latency();

    /** From 64 KiB to 4 GiB. */
    private final Histogram fetchBytes = Histogram.growing(64 << 10, 4, 9);

    private final Map<MissReason, LongAdder> fetchEnds = new EnumMap<>(MissReason.class);

    TierCounters() {
        for (MissReason reason : MissReason.values()) {
            fetchEnds.put(reason, new LongAdder());
        }
    }

    /** Fetches started. */
    public long fetches() {
        return fetches.sum();
    }

    /** Chunks fetched and verified. */
    public long fetchedChunks() {
        return fetchedChunks.sum();
    }

    public long fetchedBytes() {
        return fetchedBytes.sum();
    }

    /** Chunks sent to be stored, whether or not they were there already. */
    public long putChunks() {
        return putChunks.sum();
    }

    public long putBytes() {
        return putBytes.sum();
    }

    /** Calls to single nodes that failed, of every kind. */
    public long nodeFailures() {
        return nodeFailures.sum();
    }

    /** Fetches that ended before their last chunk for this reason. */
    public long fetchesEndedBy(MissReason reason) {
        LongAdder count = fetchEnds.get(reason);
        return count == null ? 0 : count.sum();
    }

    /** How long fetches took that brought all they were to. */
    public dev.kvern.v1.Histogram fetchHitSeconds() {
        return fetchHitSeconds.snapshot();
    }

    /** How long fetches took that ended at a chunk which is not stored. */
    public dev.kvern.v1.Histogram fetchMissSeconds() {
        return fetchMissSeconds.snapshot();
    }

    /** How long fetches took that failed, for whatever reason. */
    public dev.kvern.v1.Histogram fetchFailedSeconds() {
        return fetchFailedSeconds.snapshot();
    }

    /** Payload of fetches that brought any. */
    public dev.kvern.v1.Histogram fetchBytes() {
        return fetchBytes.snapshot();
    }

    /** How long batches took to be stored, or not to be. */
    public dev.kvern.v1.Histogram putSeconds() {
        return putSeconds.snapshot();
    }

    /** Fetches that ended early though the tier may have had the chunks. */
    public long fetchFailures() {
        long failures = 0;
        for (MissReason reason : MissReason.values()) {
            if (reason != MissReason.NOT_STORED && reason != MissReason.NO_NODES && reason != MissReason.CANCELLED) {
                failures += fetchesEndedBy(reason);
            }
        }
        return failures;
    }

    void fetchStarted() {
        fetches.increment();
    }

    void chunkFetched(long bytes) {
        fetchedChunks.increment();
        fetchedBytes.add(bytes);
    }

    void chunkPut(long bytes) {
        putChunks.increment();
        putBytes.add(bytes);
    }

    void nodeFailed() {
        nodeFailures.increment();
    }

    /** A fetch brought all that it was to. */
    void fetchCompleted(long nanos, long bytes) {
        fetchHitSeconds.record(nanos / NANOS_PER_SECOND);
        fetchBytes.record(bytes);
    }

    /** A fetch ended before its last chunk. */
    void fetchEndedBy(MissReason reason, long nanos, long bytes) {
        fetchEndedBy(reason);
        switch (reason) {
            case NO_NODES, CANCELLED -> {}
            case NOT_STORED -> fetchMissSeconds.record(nanos / NANOS_PER_SECOND);
            default -> fetchFailedSeconds.record(nanos / NANOS_PER_SECOND);
        }
        if (bytes > 0) {
            fetchBytes.record(bytes);
        }
    }

    void putEnded(long nanos) {
        putSeconds.record(nanos / NANOS_PER_SECOND);
    }

    void fetchEndedBy(MissReason reason) {
        LongAdder count = fetchEnds.get(reason);
        if (count != null) {
            count.increment();
        }
    }
}
