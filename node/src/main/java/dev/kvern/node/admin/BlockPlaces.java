package dev.kvern.node.admin;

import dev.kvern.block.BlockKey;
import dev.kvern.node.ignite.IgniteBlockStorage;
import dev.kvern.node.ignite.NodeCalls;
import dev.kvern.node.store.HeldKeys;
import dev.kvern.v1.BlockPlace;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.affinity.Affinity;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;

/** Finds the nodes that hold blocks. Safe for use by several threads. */
final class BlockPlaces {
    private static final String NAME = "look up blocks";

    private final Ignite ignite;
    private final NodeCalls calls;

    /** @param held what this node holds */
    BlockPlaces(Ignite ignite, NodeCalls calls, HeldKeys held) {
        this.ignite = ignite;
        this.calls = calls;
        calls.serve(NAME, question -> answer(held, question));
    }

    /** One for each key. Nodes that do not answer are taken to hold nothing. */
    List<BlockPlace> of(List<BlockKey> keys) {
        var question = ByteBuffer.allocate(keys.size() * BlockKey.BYTES);
        keys.forEach(key -> question.put(key.toByteArray()));
        Map<String, BitSet> holders = new TreeMap<>();
        calls.askAll(NAME, question.array())
                .forEach((node, bits) -> holders.put(NodeCalls.id(node), BitSet.valueOf(bits)));
        Affinity<String> affinity = ignite.affinity(IgniteBlockStorage.CACHE);
        var places = new ArrayList<BlockPlace>();
        for (int i = 0; i < keys.size(); i++) {
            ClusterNode primary = affinity.mapKeyToNode(keys.get(i).toHex());
            places.add(place(i, primary == null ? null : NodeCalls.id(primary), holders));
        }
        return places;
    }

    private static BlockPlace place(int at, @Nullable String primary, Map<String, BitSet> holders) {
        var place = BlockPlace.newBuilder();
        if (primary != null) {
            place.setPrimaryNodeId(primary);
            BitSet held = holders.get(primary);
            if (held != null && held.get(at)) {
                place.addHolderNodeIds(primary);
            }
        }
        holders.forEach((node, held) -> {
            if (held.get(at) && !node.equals(primary)) {
                place.addHolderNodeIds(node);
            }
        });
        return place.setStored(place.getHolderNodeIdsCount() > 0).build();
    }

    private static byte[] answer(HeldKeys held, byte[] question) {
        var in = ByteBuffer.wrap(question);
        var bits = new BitSet();
        for (int i = 0; in.remaining() >= BlockKey.BYTES; i++) {
            bits.set(i, held.holds(BlockKey.read(in)));
        }
        return bits.toByteArray();
    }
}
