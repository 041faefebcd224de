package dev.kvern.node.admin;

import dev.kvern.block.BlockKey;
import dev.kvern.node.ignite.IgniteBlockStorage;
import dev.kvern.node.ignite.NodeMessages;
import dev.kvern.node.store.HeldKeys;
import dev.kvern.v1.BlockPlace;
import dev.kvern.v1.LookupResponse;
import java.nio.ByteBuffer;
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
    private final NodeMessages messages;

    /** @param held what this node holds */
    BlockPlaces(Ignite ignite, NodeMessages messages, HeldKeys held) {
        this.ignite = ignite;
        this.messages = messages;
        messages.serve(NAME, question -> answer(held, question));
    }

    /** Where each key's block is, as the nodes that answer say; those that do not are named. */
    LookupResponse of(List<BlockKey> keys) {
        var question = ByteBuffer.allocate(keys.size() * BlockKey.BYTES);
        keys.forEach(key -> question.put(key.toByteArray()));
        Map<String, BitSet> holders = new TreeMap<>();
        NodeMessages.Answers said = messages.askAll(NAME, question.array());
        said.answers().forEach((node, bits) -> holders.put(NodeMessages.id(node), BitSet.valueOf(bits)));
        Affinity<String> affinity = ignite.affinity(IgniteBlockStorage.CACHE);
        var response = LookupResponse.newBuilder();
        int matched = 0;
        for (int i = 0; i < keys.size(); i++) {
            ClusterNode primary = affinity.mapKeyToNode(keys.get(i).toHex());
            BlockPlace place = place(i, primary == null ? null : NodeMessages.id(primary), holders);
            matched += place.getStored() && matched == i ? 1 : 0;
            response.addPlaces(place);
        }
        said.silent().forEach(node -> response.addSilentNodeIds(NodeMessages.id(node)));
        return response.setMatched(matched).build();
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
