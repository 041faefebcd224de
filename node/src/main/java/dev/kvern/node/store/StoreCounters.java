package dev.kvern.node.store;

import dev.kvern.v1.BlockCounters;
import java.util.concurrent.atomic.LongAdder;

/** A node's running totals since it started, counted where things happen. Safe for use by several threads. */
public final class StoreCounters {
    private final LongAdder gets = new LongAdder();
    private final LongAdder hits = new LongAdder();
    private final LongAdder puts = new LongAdder();
    private final LongAdder stored = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private final LongAdder evicted = new LongAdder();
    private final LongAdder deleted = new LongAdder();
    private final LongAdder corrupt = new LongAdder();
    private final LongAdder healed = new LongAdder();
    private final LongAdder heldBack = new LongAdder();
    private final LongAdder foreign = new LongAdder();
    private final LongAdder sentBytes = new LongAdder();
    private final LongAdder receivedBytes = new LongAdder();
    private final LongAdder readCacheHits = new LongAdder();
    private final LongAdder placed = new LongAdder();

    /** A key was asked for. */
    public void asked() {
        gets.increment();
    }

    /** A key that was asked for was found and sent. */
    public void found(long bytes) {
        hits.increment();
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

    /** A block was offered. */
    public void offered() {
        puts.increment();
    }

    /** Payload arrived. */
    public void received(long bytes) {
        receivedBytes.add(bytes);
    }

    /** An offered block was new and is stored. */
    public void stored() {
        stored.increment();
    }

    /** An offered block did not match its size or checksum. */
    public void rejected() {
        rejected.increment();
    }

    /** Blocks were removed to make room. */
    public void evicted(long blocks) {
        evicted.add(blocks);
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
                .setPutRejected(rejected.sum())
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
                .build();
    }
}
