package dev.kvern.node.admin;

import dev.kvern.node.ignite.NodeMessages;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.StoreCounters;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.ignite.cluster.ClusterNode;

/** What the nodes could still take, and what they had to give up. Safe for use by several threads. */
final class NodeRoom {
    private static final String NAME = "room";

    private final NodeMessages messages;

    /** @param evictFromBytes bytes used from which this node evicts */
    NodeRoom(NodeMessages messages, BlockStorage storage, StoreCounters counters, long evictFromBytes) {
        this.messages = messages;
        messages.serve(
                NAME,
                question -> ByteBuffer.allocate(2 * Long.BYTES)
                        .putLong(Math.max(0, evictFromBytes - storage.usage().usedBytes()))
                        .putLong(counters.snapshot().getEvictedBlocks())
                        .array());
    }

    /**
     * Of one node.
     *
     * @param freeBytes until it evicts
     * @param evictedBlocks since it started
     */
    record Room(long freeBytes, long evictedBlocks) {}

    /** Of those of the nodes that answer, by id. */
    Map<String, Room> of(List<ClusterNode> nodes) {
        var rooms = new HashMap<String, Room>();
        messages.askAll(NAME, new byte[0]).answers().forEach((node, bytes) -> {
            if (nodes.contains(node)) {
                var in = ByteBuffer.wrap(bytes);
                rooms.put(NodeMessages.id(node), new Room(in.getLong(), in.getLong()));
            }
        });
        return rooms;
    }
}
