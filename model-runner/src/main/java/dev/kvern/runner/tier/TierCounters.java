package dev.kvern.runner.tier;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Running totals of a client since it started. Safe for use by several threads. */
public final class TierCounters {
    private final LongAdder fetches = new LongAdder();
    private final LongAdder fetchedChunks = new LongAdder();
    private final LongAdder fetchedBytes = new LongAdder();
    private final LongAdder putChunks = new LongAdder();
    private final LongAdder putBytes = new LongAdder();
    private final LongAdder nodeFailures = new LongAdder();
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

    void fetchEndedBy(MissReason reason) {
        LongAdder count = fetchEnds.get(reason);
        if (count != null) {
            count.increment();
        }
    }
}
