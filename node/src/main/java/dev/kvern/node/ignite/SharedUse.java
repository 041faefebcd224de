package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.EvictionPolicy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the other nodes which blocks were used here. A block is read at any node and from any of its copies, and whichever
 * holder is full first removes it for all: without this a node would evict what is in use elsewhere. When a use was is told, too, as
 * it is told late. Blocks of one chain that
 * are used one after the other are told as one use, parents first: a node that holds only some of them has no other way to
 * know which are deeper. Safe for use by several threads.
 */
final class SharedUse {
    private static final Logger log = LoggerFactory.getLogger(SharedUse.class);
    private static final String TOPIC = "kvern-timed-uses";
    private static final int HEADER_BYTES = 2 * Integer.BYTES;

    private final Ignite ignite;
    private final EvictionPolicy policy;
    private final LongSupplier nanoTime;
    private final UseRuns untold;

    SharedUse(Ignite ignite, EvictionPolicy policy, LongSupplier nanoTime) {
        this.ignite = ignite;
        this.policy = policy;
        this.nanoTime = nanoTime;
        this.untold = new UseRuns(nanoTime);
        ignite.message().localListen(TOPIC, (from, message) -> {
            if (message instanceof byte[] uses) {
                hear(ByteBuffer.wrap(uses));
            }
            return true;
        });
    }

    /** Notes a use. */
    void used(BlockKey key, Optional<BlockKey> parent) {
        // At once, so that it is not evicted before the whole use is known.
        policy.usedHere(key);
        untold.used(key, parent);
    }

    /** Tells what was used since the last time, to this node's policy too: it heard of the blocks one by one. */
    void tell() {
        try {
            List<UseRuns.Use> uses = untold.take();
            for (UseRuns.Use use : uses) {
                policy.used(use.keys(), nanoTime.getAsLong() - use.nanos());
            }
            ClusterGroup others = ignite.cluster().forServers().forRemotes();
            if (!uses.isEmpty() && !others.nodes().isEmpty()) {
                ignite.message(others).send(TOPIC, encode(uses));
            }
        } catch (RuntimeException e) {
            log.debug("the others do not hear what was used here: {}", e.toString());
        }
    }

    /** For each use the number of its keys, u32 big-endian; how many microseconds ago it was, u32; and its keys, 32 bytes each. */
    private byte[] encode(List<UseRuns.Use> uses) {
        int bytes = uses.stream()
                .mapToInt(use -> HEADER_BYTES + use.keys().size() * BlockKey.BYTES)
                .sum();
        var out = ByteBuffer.allocate(bytes);
        long now = nanoTime.getAsLong();
        for (UseRuns.Use use : uses) {
            out.putInt(use.keys().size());
            out.putInt((int) Math.min(Integer.MAX_VALUE, TimeUnit.NANOSECONDS.toMicros(now - use.nanos())));
            use.keys().forEach(key -> out.put(key.toByteArray()));
        }
        return out.array();
    }

    private void hear(ByteBuffer uses) {
        while (uses.remaining() > HEADER_BYTES) {
            int keys = uses.getInt();
            long ago = TimeUnit.MICROSECONDS.toNanos(Math.max(0, uses.getInt()));
            var run = new ArrayList<BlockKey>();
            for (int left = keys; left > 0 && uses.remaining() >= BlockKey.BYTES; left--) {
                run.add(BlockKey.read(uses));
            }
            policy.used(run, ago);
        }
    }
}
