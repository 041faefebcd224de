package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.bench.Latencies;
import dev.kvern.runner.tier.MissReason;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** What became of the requests that were due in one stretch of time. Safe for use by several threads. */
final class LoadPhase {
    private final Queue<Long> gets = new ConcurrentLinkedQueue<>();
    private final Queue<Long> puts = new ConcurrentLinkedQueue<>();
    private final Map<MissReason, Integer> misses = new ConcurrentHashMap<>();
    private final AtomicInteger failedPuts = new AtomicInteger();

    void got(long nanos) {
        gets.add(nanos);
    }

    void put(long nanos) {
        puts.add(nanos);
    }

    void missed(MissReason reason) {
        misses.merge(reason, 1, Integer::sum);
    }

    void putFailed() {
        failedPuts.incrementAndGet();
    }

    /** Of gets that brought their block. */
    Latencies gets() {
        return latencies(gets);
    }

    Latencies puts() {
        return latencies(puts);
    }

    /** Gets of stored blocks that brought none, by reason. */
    Map<MissReason, Integer> misses() {
        return misses.isEmpty() ? Map.of() : new EnumMap<>(misses);
    }

    int failedPuts() {
        return failedPuts.get();
    }

    private static Latencies latencies(Queue<Long> of) {
        return Latencies.of(of.stream().map(nanos -> new long[] {nanos}));
    }
}
