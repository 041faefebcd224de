package dev.kvern.runner.engine;

import dev.kvern.block.BlockDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tokens to be prefilled, and how far that is. Confined to the engine's thread. */
final class Prompt {
    final int[] tokens;
    final PromptKeys keys;
    final boolean readLocal;
    final boolean write;

    /** Whether someone asked for it; else it is computed for others to find. */
    final boolean asked;

    final BlockTable table = new BlockTable();

    /** Chunks that may come from a cache: all full ones for which nothing of the rest must be computed. */
    final int reusableChunks;

    /** Tokens whose KV is there. */
    int computed;

    int localTokens;
    int hostTokens;
    int clusterTokens;
    int computedTokens;

    /** The same in order of position. */
    final PromptSpans spans = new PromptSpans();

    /** What a fetch brings; null without one. */
    TierFetching.@Nullable Arrival arrival;

    /** What a fetch brings from the end while the beginning is computed; null without one. */
    @Nullable
    ArrivingTail tail;

    /** @param needLogits whether the last token must be computed, for its logits */
    Prompt(int[] tokens, PromptKeys keys, boolean readLocal, boolean write, int chunkTokens, boolean needLogits) {
        this.tokens = tokens;
        this.keys = keys;
        this.readLocal = readLocal;
        this.write = write;
        this.asked = needLogits;
        this.reusableChunks = (tokens.length - (needLogits ? 1 : 0)) / chunkTokens;
    }

    boolean done() {
        return computed >= tokens.length;
    }

    List<BlockDigest> digests(int fromBlock, int toBlock) {
        return keys.digests().subList(fromBlock, toBlock);
    }

    /** Tokens by source: pool, host memory, cluster, computed. */
    int[] sources() {
        return new int[] {localTokens, hostTokens, clusterTokens, computedTokens};
    }

    /**
     * What is there so far. Of a fetch under way the tiers' shares are known only when it has ended: until then the first
     * chunks count as this machine's, as many as it was thought to have.
     */
    List<PromptSpan> progress() {
        var all = new PromptSpans();
        int placed = 0;
        for (PromptSpan span : spans.toList()) {
            all.add(span.source(), span.tokens());
            placed += span.tokens();
        }
        TierFetching.Arrival arriving = arrival;
        if (arriving != null && computed > placed) {
            int host = Math.min(computed - placed, arriving.hostTokens());
            all.add(Source.HOST, host);
            all.add(Source.CLUSTER, computed - placed - host);
        }
        return all.toList();
    }

    /** When this returns nothing is written to the prompt's end any more. */
    void endTail() {
        ArrivingTail arriving = tail;
        tail = null;
        if (arriving != null) {
            arriving.end();
        }
    }

    void release() {
        arrival = null;
        endTail();
        table.release();
        computed = 0;
    }
}
