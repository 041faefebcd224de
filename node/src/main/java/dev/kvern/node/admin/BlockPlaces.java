package dev.kvern.node.admin;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.OwnerMap;
import dev.kvern.node.ignite.NodeMessages;
import dev.kvern.node.store.BlockOwners;
import dev.kvern.node.store.HeldKeys;
import dev.kvern.v1.BlockPlace;
import dev.kvern.v1.LookupResponse;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Finds the nodes that hold blocks. Safe for use by several threads. */
final class BlockPlaces {
    private static final String NAME = "look up blocks";

    private final BlockOwners owners;
    private final NodeMessages messages;

    /** @param held what this node holds */
    BlockPlaces(BlockOwners owners, NodeMessages messages, HeldKeys held) {
        this.owners = owners;
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
        OwnerMap map = owners.map();
        var response = LookupResponse.newBuilder();
        int matched = 0;
        for (int i = 0; i < keys.size(); i++) {
            BlockPlace place = place(i, map.owners(keys.get(i)).stream().findFirst(), holders);
            matched += place.getStored() && matched == i ? 1 : 0;
            response.addPlaces(place);
        }
        said.silent().forEach(node -> response.addSilentNodeIds(NodeMessages.id(node)));
        return response.setMatched(matched).build();
    }

    private static BlockPlace place(int at, Optional<String> primary, Map<String, BitSet> holders) {
        var place = BlockPlace.newBuilder();
        primary.ifPresent(owner -> {
            place.setPrimaryNodeId(owner);
            BitSet held = holders.get(owner);
            if (held != null && held.get(at)) {
                place.addHolderNodeIds(owner);
            }
        });
        holders.forEach((node, held) -> {
            if (held.get(at) && !primary.equals(Optional.of(node))) {
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
