package dev.kvern.launcher;

import dev.kvern.node.NodeConfig;
import dev.kvern.node.ignite.IgniteNode;
import dev.kvern.node.store.StoredBlock;

/**
 * How much memory the cache tier needs to keep some prompts. Counts what nodes really take of their regions: whole chunks only, each
 * with its header, in whole pages of Ignite's; copies; the room that eviction leaves; the read cache.
 *
 * @param bytesPerToken keys and values of a token, over all layers
 * @param chunkTokens tokens in what the tier stores under one key
 * @param nodes over which blocks are spread, evenly
 * @param backups copies of each block beside the first; no more than there are other nodes
 */
record TierSize(int bytesPerToken, int chunkTokens, int nodes, int backups) {
    /**
     * Which prompts are to be kept.
     *
     * @param prompts different ones
     * @param promptTokens tokens of each, the shared beginning included
     * @param sharedTokens that all prompts of a tenant begin with
     * @param tenants that share nothing with each other; prompts belong to one each
     */
    record Prompts(long prompts, long promptTokens, long sharedTokens, long tenants) {}

    int chunkBytes() {
        return Math.multiplyExact(bytesPerToken, chunkTokens);
    }

    /** What a node's region loses to a stored chunk. */
    long storedChunkBytes() {
        return IgniteNode.footprintBytes(chunkBytes() + StoredBlock.HEADER_BYTES);
    }

    /** Chunks with different keys: only a prompt's full chunks have one, and those of the shared beginning have one for all. */
    long chunks(Prompts kept) {
        long shared = kept.sharedTokens() / chunkTokens;
        long each = kept.promptTokens() / chunkTokens - shared;
        return Math.addExact(Math.multiplyExact(shared, kept.tenants()), Math.multiplyExact(each, kept.prompts()));
    }

    int copies() {
        return 1 + Math.min(backups, nodes - 1);
    }

    /** Over all nodes and copies, without the room that is to stay free. */
    long clusterBytes(Prompts kept) {
        return Math.multiplyExact(Math.multiplyExact(chunks(kept), storedChunkBytes()), (long) copies());
    }

    /** {@code memory.region_bytes} of each node with which the prompts stay: an eviction goes down to the low watermark. */
    long regionBytes(Prompts kept, NodeConfig.Memory memory) {
        double usable = (1 - memory.readCacheShare()) * memory.lowWatermark();
        return (long) Math.ceil(clusterBytes(kept) / usable / nodes);
    }
}
