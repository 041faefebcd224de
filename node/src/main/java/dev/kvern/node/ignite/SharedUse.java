package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.UseOrder;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.Set;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the other nodes which blocks were used here. A block is read at any node and from any of its copies, and whichever
 * holder is full first removes it for all: without this a node would evict what is in use elsewhere. Safe for use by several
 * threads; guarded by this.
 */
final class SharedUse {
    private static final Logger log = LoggerFactory.getLogger(SharedUse.class);
    private static final String TOPIC = "kvern-used-blocks";
    private static final int KEY_BYTES = 32;

    /** Beyond it uses are not told: the order is then a little less true. */
    private static final int MAX_KEYS = 16_384;

    private final Ignite ignite;
    private final UseOrder order;
    private final Set<BlockKey> untold = new LinkedHashSet<>();

    SharedUse(Ignite ignite, UseOrder order) {
        this.ignite = ignite;
        this.order = order;
        ignite.message().localListen(TOPIC, (from, message) -> {
            if (message instanceof byte[] keys) {
                told(keys);
            }
            return true;
        });
    }

    /** Notes a use. */
    void used(BlockKey key) {
        order.used(key);
        synchronized (this) {
            if (untold.size() < MAX_KEYS) {
                untold.add(key);
            }
        }
    }

    private void told(byte[] keys) {
        var in = ByteBuffer.wrap(keys);
        while (in.remaining() >= KEY_BYTES) {
            byte[] key = new byte[KEY_BYTES];
            in.get(key);
            order.used(BlockKey.wrap(key));
        }
    }

    /** Tells what was used since the last time. */
    void tell() {
        try {
            byte[] keys = take();
            ClusterGroup others = ignite.cluster().forServers().forRemotes();
            if (keys.length > 0 && !others.nodes().isEmpty()) {
                ignite.message(others).send(TOPIC, keys);
            }
        } catch (RuntimeException e) {
            log.debug("the others do not hear what was used here: {}", e.toString());
        }
    }

    private synchronized byte[] take() {
        var keys = ByteBuffer.allocate(untold.size() * KEY_BYTES);
        untold.forEach(key -> keys.put(key.toByteArray()));
        untold.clear();
        return keys.array();
    }
}
