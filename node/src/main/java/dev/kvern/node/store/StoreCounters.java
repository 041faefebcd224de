package dev.kvern.node.store;

import dev.kvern.stats.Histogram;
import dev.kvern.v1.BlockCounters;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** A node's running totals since it started, counted where things happen. Safe for use by several threads. */
public final class StoreCounters {
    private final LongAdder gets = new LongAdder();
    private final LongAdder hits = new LongAdder();
    private final LongAdder puts = new LongAdder();
    private final LongAdder stored = new LongAdder();
    private final LongAdder existing = new LongAdder();
    private final Map<Rejection, LongAdder> rejected = new EnumMap<>(Rejection.class);
    private final LongAdder evicted = new LongAdder();
    private final LongAdder evictedGone = new LongAdder();
    private final LongAdder deleted = new LongAdder();
    private final LongAdder corrupt = new LongAdder();
    private final LongAdder healed = new LongAdder();
    private final LongAdder heldBack = new LongAdder();
    private final LongAdder foreign = new LongAdder();
    private final LongAdder sentBytes = new LongAdder();
    private final LongAdder receivedBytes = new LongAdder();
    private final LongAdder readCacheHits = new LongAdder();
    private final LongAdder placed = new LongAdder();
    private final LongAdder hitTokens = new LongAdder();
    private final LongAdder storedTokens = new LongAdder();
    private final LongAdder matchBlocks = new LongAdder();
    private final LongAdder matchHits = new LongAdder();

    private final Histogram getFirstSeconds = Histogram.latency();
    private final Histogram getSeconds = Histogram.latency();
    private final Histogram putSeconds = Histogram.latency();

    /** From 16 KiB to 64 MiB. */
    private final Histogram blockBytes = Histogram.growing(16 << 10, 2, 13);

    /** From a second to a week. */
    private final Histogram lifetimeSeconds = times();

    private final Histogram reuseGapSeconds = times();

    /** All at zero. */
    public StoreCounters() {
        for (Rejection reason : Rejection.values()) {
            rejected.put(reason, new LongAdder());
        }
    }

    private static Histogram times() {
        return new Histogram(1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 259_200, 604_800);
    }

    /** A key was asked for. */
    public void asked() {
        gets.increment();
    }

    /** A key that was asked for was found and sent. */
    public void found(long bytes, int tokens) {
        hits.increment();
        hitTokens.add(tokens);
        sentBytes.add(bytes);
    }

    /** A key that was asked for was found in the read cache. */
    public void foundAtHand() {
        readCacheHits.increment();
    }

    /** A block was left for the caller to copy. */
    public void placed() {
        placed.increment();
    }

    /** Leading keys of a chain were asked for. */
    public void matched(int asked, int matched) {
        matchBlocks.add(asked);
        matchHits.add(matched);
    }

    /** A Get was answered to its end. */
    public void got(double firstSeconds, double seconds) {
        getFirstSeconds.record(firstSeconds);
        getSeconds.record(seconds);
    }

    /** A Put was answered. */
    public void put(double seconds) {
        putSeconds.record(seconds);
    }

    /** A block was offered. */
    public void offered() {
        puts.increment();
    }

    /** Payload arrived. */
    public void received(long bytes) {
        receivedBytes.add(bytes);
    }

    /** An offered block was new and is stored. */
    public void stored(long bytes, int tokens) {
        stored.increment();
        storedTokens.add(tokens);
        blockBytes.record(bytes);
    }

    /** An offered block was there already. */
    public void existed() {
        existing.increment();
    }

    /** An offered block was not taken. */
    public void rejected(Rejection reason) {
        rejections(reason).increment();
    }

    private LongAdder rejections(Rejection reason) {
        return Objects.requireNonNull(rejected.get(reason));
    }

    /** A block was removed to make room, so long after it came. */
    public void evicted(double heldSeconds) {
        evicted.increment();
        lifetimeSeconds.record(heldSeconds);
    }

    /** A block was to be removed to make room, and was gone. */
    public void evictedGone() {
        evictedGone.increment();
    }

    /** A block that is held here was used, so long after it was last. */
    public void reused(double gapSeconds) {
        reuseGapSeconds.record(gapSeconds);
    }

    /** A block was removed by request. */
    public void deleted() {
        deleted.increment();
    }

    /** A stored copy was not what was stored. */
    public void corrupt() {
        corrupt.increment();
    }

    /** The copies of a corrupt block were put right from a good one. */
    public void healed() {
        healed.increment();
    }

    /** A block waited for room before it was stored. */
    public void heldBack() {
        heldBack.increment();
    }

    /** A key that was asked for, or a complete block that was offered, is another node's. */
    public void foreign() {
        foreign.increment();
    }

    /** All of them. */
    public BlockCounters snapshot() {
        return BlockCounters.newBuilder()
                .setGetBlocks(gets.sum())
                .setGetHits(hits.sum())
                .setPutBlocks(puts.sum())
                .setPutStored(stored.sum())
                .setPutExisting(existing.sum())
                .setPutRejected(
                        rejected.values().stream().mapToLong(LongAdder::sum).sum())
                .setRejectedSize(rejections(Rejection.SIZE).sum())
                .setRejectedChecksum(rejections(Rejection.CHECKSUM).sum())
                .setRejectedBudget(rejections(Rejection.BUDGET).sum())
                .setRejectedMalformed(rejections(Rejection.MALFORMED).sum())
                .setRejectedUnavailable(rejections(Rejection.UNAVAILABLE).sum())
                .setEvictedBlocks(evicted.sum())
                .setDeletedBlocks(deleted.sum())
                .setCorruptBlocks(corrupt.sum())
                .setSentBytes(sentBytes.sum())
                .setReceivedBytes(receivedBytes.sum())
                .setForeignBlocks(foreign.sum())
                .setReadCacheHits(readCacheHits.sum())
                .setPlacedBlocks(placed.sum())
                .setHealedBlocks(healed.sum())
                .setHeldBackBlocks(heldBack.sum())
                .setGetHitTokens(hitTokens.sum())
                .setPutStoredTokens(storedTokens.sum())
                .setMatchBlocks(matchBlocks.sum())
                .setMatchHits(matchHits.sum())
                .setEvictedGoneBlocks(evictedGone.sum())
                .setGetFirstSeconds(getFirstSeconds.snapshot())
                .setGetSeconds(getSeconds.snapshot())
                .setPutSeconds(putSeconds.snapshot())
                .setBlockBytes(blockBytes.snapshot())
                .setLifetimeSeconds(lifetimeSeconds.snapshot())
                .setReuseGapSeconds(reuseGapSeconds.snapshot())
                .build();
    }
}
