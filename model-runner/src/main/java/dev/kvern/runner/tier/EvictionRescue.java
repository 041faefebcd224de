package dev.kvern.runner.tier;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.NamespaceId;
import dev.kvern.runner.kv.EvictionListener;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies chunks out of the pool before their blocks are used again: into host memory if there is a host tier, and into
 * memory from which they are sent if that is the policy. It runs on the engine's thread and costs that a copy within the
 * machine, a hundredth of what computing the chunk again would; it never waits for the network. Safe for use by several
 * threads.
 */
public final class EvictionRescue implements EvictionListener {
    private static final Logger log = LoggerFactory.getLogger(EvictionRescue.class);

    private final KvMemory memory;
    private final @Nullable HostTier host;
    private final @Nullable Offloader offloader;
    private final int chunkTokens;
    private final Function<NamespaceId, BlockLabels> labels;
    private final LongAdder dropped = new LongAdder();

    /**
     * @param host null without a host tier
     * @param offloader null if evicted chunks are not sent
     * @param labels of what a namespace holds
     */
    public EvictionRescue(
            KvMemory memory,
            @Nullable HostTier host,
            @Nullable Offloader offloader,
            int chunkTokens,
            Function<NamespaceId, BlockLabels> labels) {
        this.memory = memory;
        this.host = host;
        this.offloader = offloader;
        this.chunkTokens = chunkTokens;
        this.labels = labels;
    }

    @Override
    public void evicting(NamespaceId namespace, Optional<BlockDigest> parent, BlockDigest last, int[] places) {
        BlockKey key = BlockKey.of(namespace, last);
        Optional<BlockKey> before = parent.map(digest -> BlockKey.of(namespace, digest));
        Consumer<ByteBuffer> copy = target -> memory.read(places, target);
        boolean kept = false;
        try {
            if (host != null) {
                kept = host.keep(key, before, copy);
            }
            if (offloader != null) {
                // Not wanted: it is on its way, or was stored lately.
                kept |= !offloader.wants(key)
                        || offloader.stage(
                                key,
                                before,
                                chunkTokens,
                                labels.apply(namespace),
                                places.length * memory.blockBytes(),
                                copy);
            }
        } catch (RuntimeException e) {
            // The pool must go on: the chunk is computed again when someone needs it.
            log.error("an evicted chunk could not be copied", e);
        }
        if (!kept) {
            dropped.increment();
            if (host != null) {
                host.lost(key);
            }
        }
    }

    /** Chunks that were kept nowhere. */
    public long droppedChunks() {
        return dropped.sum();
    }
}
