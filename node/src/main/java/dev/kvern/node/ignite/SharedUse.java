package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.EvictionPolicy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the other nodes which blocks were used here. A block is read at any node and from any of its copies, and whichever
 * holder is full first removes it for all: without this a node would evict what is in use elsewhere. Blocks of one chain that
 * are used one after the other are told as one use, parents first: a node that holds only some of them has no other way to
 * know which are deeper. Safe for use by several threads.
 */
final class SharedUse {
    private static final Logger log = LoggerFactory.getLogger(SharedUse.class);
    private static final String TOPIC = "kvern-used-blocks";

    private final Ignite ignite;
    private final EvictionPolicy policy;
    private final UseRuns untold = new UseRuns();

    SharedUse(Ignite ignite, EvictionPolicy policy) {
        this.ignite = ignite;
        this.policy = policy;
        ignite.message().localListen(TOPIC, (from, message) -> {
            if (message instanceof byte[] runs) {
                decode(runs).forEach(policy::used);
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
            List<List<BlockKey>> runs = untold.take();
            runs.forEach(policy::used);
            ClusterGroup others = ignite.cluster().forServers().forRemotes();
            if (!runs.isEmpty() && !others.nodes().isEmpty()) {
                ignite.message(others).send(TOPIC, encode(runs));
            }
        } catch (RuntimeException e) {
            log.debug("the others do not hear what was used here: {}", e.toString());
        }
    }

    /** For each run its length, u32 big-endian, and its keys, 32 bytes each. */
    private static byte[] encode(List<List<BlockKey>> runs) {
        int bytes = runs.stream()
                .mapToInt(run -> Integer.BYTES + run.size() * BlockKey.BYTES)
                .sum();
        var out = ByteBuffer.allocate(bytes);
        for (List<BlockKey> run : runs) {
            out.putInt(run.size());
            run.forEach(key -> out.put(key.toByteArray()));
        }
        return out.array();
    }

    private static List<List<BlockKey>> decode(byte[] bytes) {
        var in = ByteBuffer.wrap(bytes);
        var runs = new ArrayList<List<BlockKey>>();
        while (in.remaining() > Integer.BYTES) {
            var run = new ArrayList<BlockKey>();
            for (int left = in.getInt(); left > 0 && in.remaining() >= BlockKey.BYTES; left--) {
                run.add(BlockKey.read(in));
            }
            runs.add(run);
        }
        return runs;
    }
}
