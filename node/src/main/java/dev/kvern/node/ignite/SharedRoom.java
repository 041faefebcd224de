package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockOwners;
import dev.kvern.node.store.RegionGate;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterGroup;
import org.apache.ignite.cluster.ClusterNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the other nodes when this one is nearly full, so that none sends it blocks meanwhile: a block is received at any node
 * and stored at its owners. It is told again while it lasts, and forgotten if it is not: a node that hangs holds up nobody for
 * long. Safe for use by several threads.
 */
public final class SharedRoom implements RegionGate.Owners {
    private static final Logger log = LoggerFactory.getLogger(SharedRoom.class);
    private static final String TOPIC = "kvern-full-nodes";
    private static final byte[] FULL = {1};
    private static final byte[] ROOM_AGAIN = {0};

    /** Some times as long as between two calls of {@link #tell}. */
    private static final long FORGOTTEN_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private final Ignite ignite;
    private final BlockOwners owners;
    private final BooleanSupplier full;
    private final LongSupplier nanoTime;

    /** Until when each full node, by its id, counts as such. */
    private final Map<String, Long> fullUntil = new ConcurrentHashMap<>();

    /** Confined to who calls {@link #tell}. */
    private boolean told;

    /** @param full whether this node is nearly full now */
    public SharedRoom(Ignite ignite, BlockOwners owners, BooleanSupplier full, LongSupplier nanoTime) {
        this.ignite = ignite;
        this.owners = owners;
        this.full = full;
        this.nanoTime = nanoTime;
        ignite.message().localListen(TOPIC, (from, message) -> {
            ClusterNode node = ignite.cluster().node(from);
            if (node != null && message instanceof byte[] said && said.length == 1) {
                if (said[0] == FULL[0]) {
                    fullUntil.put(NodeMessages.id(node), nanoTime.getAsLong() + FORGOTTEN_AFTER_NANOS);
                } else {
                    fullUntil.remove(NodeMessages.id(node));
                }
            }
            return true;
        });
    }

    /** Tells the others if this node is full, or is no more. To be called at short intervals, by one thread at a time. */
    public void tell() {
        try {
            boolean now = full.getAsBoolean();
            ClusterGroup others = ignite.cluster().forServers().forRemotes();
            if ((now || told) && !others.nodes().isEmpty()) {
                ignite.message(others).send(TOPIC, now ? FULL : ROOM_AGAIN);
            }
            told = now;
        } catch (RuntimeException e) {
            log.debug("the others do not hear how full this node is: {}", e.toString());
        }
    }

    @Override
    public boolean includeThisNode(BlockKey key) {
        return owners.isHeldHere(key);
    }

    @Override
    public boolean includeFullNode(BlockKey key) {
        if (fullUntil.isEmpty()) {
            return false;
        }
        long now = nanoTime.getAsLong();
        fullUntil.values().removeIf(until -> now - until >= 0);
        return owners.map().owners(key).stream().anyMatch(fullUntil::containsKey);
    }
}
