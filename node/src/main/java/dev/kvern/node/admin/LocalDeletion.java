package dev.kvern.node.admin;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.HeldKeys;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.v1.DeleteBlocksRequest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/** A node's part in a deletion: removes some of the chosen blocks that it holds. Safe for use by several threads. */
final class LocalDeletion {
    static final String NAME = "delete blocks";

    /** Blocks of one call, so that it is short. */
    static final int PAGE = 512;

    /** Looked through in one call, where few blocks are chosen. */
    private static final int MAX_PAGES = 16;

    /** Removed at a time: all at once would fill the store's queue, and be refused by it. */
    private static final int BATCH = 64;

    private final HeldKeys held;
    private final BlockStorage storage;
    private final StoreCounters counters;
    private final Predicate<BlockKey> owned;

    /** @param owned whether this node owns a key */
    LocalDeletion(HeldKeys held, BlockStorage storage, StoreCounters counters, Predicate<BlockKey> owned) {
        this.held = held;
        this.storage = storage;
        this.counters = counters;
        this.owned = owned;
    }

    /**
     * What is asked of a node.
     *
     * @param from where to go on, 0 at the start
     * @param ownedOnly leave to others what they own: they remove this node's copies too
     */
    record Question(DeleteBlocksRequest request, int from, boolean ownedOnly) {
        byte[] encode() {
            byte[] encoded = request.toByteArray();
            return ByteBuffer.allocate(Integer.BYTES + 1 + encoded.length)
                    .putInt(from)
                    .put((byte) (ownedOnly ? 1 : 0))
                    .put(encoded)
                    .array();
        }

        static Question decode(byte[] bytes) {
            var in = ByteBuffer.wrap(bytes);
            int from = in.getInt();
            boolean ownedOnly = in.get() != 0;
            try {
                return new Question(DeleteBlocksRequest.parseFrom(in), from, ownedOnly);
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("a question from a node of another version", e);
            }
        }
    }

    /**
     * What has been done.
     *
     * @param seen chosen blocks that were held
     * @param removed of those
     * @param next where to go on; negative: nowhere
     */
    record Answer(int seen, int removed, int next) {
        byte[] encode() {
            return ByteBuffer.allocate(3 * Integer.BYTES)
                    .putInt(seen)
                    .putInt(removed)
                    .putInt(next)
                    .array();
        }

        static Answer decode(byte[] bytes) {
            var in = ByteBuffer.wrap(bytes);
            return new Answer(in.getInt(), in.getInt(), in.getInt());
        }
    }

    byte[] answer(byte[] question) {
        Question asked = Question.decode(question);
        BlockSelection selection = BlockSelection.of(asked.request());
        var keys = new ArrayList<BlockKey>();
        int next = asked.from();
        for (int pages = 0; next >= 0 && pages < MAX_PAGES && keys.size() < PAGE; pages++) {
            HeldKeys.Page page = selection.page(held, next, PAGE);
            keys.addAll(page.keys());
            next = page.next();
        }
        int removed = 0;
        for (int from = 0; from < keys.size(); from += BATCH) {
            removed += remove(keys.subList(from, Math.min(keys.size(), from + BATCH)), asked.ownedOnly());
        }
        return new Answer(keys.size(), removed, next).encode();
    }

    private int remove(List<BlockKey> keys, boolean ownedOnly) {
        var removing = new ArrayList<CompletableFuture<Boolean>>();
        for (BlockKey key : keys) {
            if (!ownedOnly || owned.test(key)) {
                removing.add(storage.delete(key));
            }
        }
        int removed = 0;
        for (CompletableFuture<Boolean> each : removing) {
            if (each.join()) {
                counters.deleted();
                removed++;
            }
        }
        return removed;
    }
}
