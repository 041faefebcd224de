package dev.kvern.node.admin;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.ModelDigest;
import dev.kvern.block.TenantId;
import dev.kvern.node.grpc.BlockHeaders;
import dev.kvern.node.store.HeldKeys;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockFilter;
import dev.kvern.v1.BlockKeys;
import dev.kvern.v1.DeleteBlocksRequest;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Which blocks are meant. Immutable. */
sealed interface BlockSelection {
    /** At most so many keys in a request. */
    int MAX_KEYS = 65_536;

    /** These. */
    record Keys(List<BlockKey> keys) implements BlockSelection {
        public Keys {
            keys = List.copyOf(keys);
        }
    }

    /** All that have the labels given. */
    record Labelled(Optional<ModelDigest> model, Optional<TenantId> tenant) implements BlockSelection {}

    /** All. */
    record All() implements BlockSelection {}

    /**
     * What a request asks for.
     *
     * @throws KvernException INVALID_ARGUMENT if that cannot be
     */
    static BlockSelection of(DeleteBlocksRequest request) {
        switch (request.getSelectionCase()) {
            case KEYS -> {
                BlockKeys keys = request.getKeys();
                if (keys.getKeysCount() == 0) {
                    throw KvernException.invalid("keys.keys", "0 keys", "1 to " + MAX_KEYS);
                }
                return new Keys(BlockHeaders.keys("keys.keys", keys.getKeysList(), MAX_KEYS));
            }
            case LABELLED -> {
                BlockFilter filter = request.getLabelled();
                var labelled = new Labelled(
                        BlockHeaders.model("labelled.model", filter.getModel()),
                        BlockHeaders.tenant("labelled.tenant", filter.getTenant()));
                if (labelled.model().isEmpty() && labelled.tenant().isEmpty()) {
                    throw KvernException.invalid("labelled", "neither model nor tenant", "at least one of them");
                }
                return labelled;
            }
            default -> {
                if (request.getSelectionCase() == DeleteBlocksRequest.SelectionCase.ALL && request.getAll()) {
                    return new All();
                }
                throw KvernException.invalid("selection", "absent", "keys, labelled, or all: true");
            }
        }
    }

    /**
     * Some of the chosen blocks that are held.
     *
     * @param from 0 at the start, then the last page's next
     */
    default HeldKeys.Page page(HeldKeys held, int from, int limit) {
        if (this instanceof Keys chosen) {
            int to = Math.min(chosen.keys().size(), from + limit);
            return new HeldKeys.Page(
                    chosen.keys().subList(from, to).stream().filter(held::holds).toList(),
                    to < chosen.keys().size() ? to : -1);
        }
        return held.matching(labels(), from, limit);
    }

    private Predicate<BlockLabels> labels() {
        if (this instanceof Labelled wanted) {
            return labels -> (wanted.model().isEmpty() || wanted.model().equals(labels.model()))
                    && (wanted.tenant().isEmpty() || wanted.tenant().equals(labels.tenant()));
        }
        return labels -> true;
    }
}
