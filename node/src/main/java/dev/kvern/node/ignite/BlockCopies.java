package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.StoredBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.CachePeekMode;
import org.apache.ignite.cluster.ClusterNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A block's copies at its owners, asked one by one: where Ignite's own read would wait for one owner, or take a copy that is
 * corrupt, another may have the block. Safe for use by several threads.
 */
final class BlockCopies {
    private static final Logger log = LoggerFactory.getLogger(BlockCopies.class);
    private static final String COPY = "copy";
    private static final String HELD = "held";
    private static final byte[] NOTHING = {};

    private final AffinityOwners owners;
    private final NodeMessages messages;
    private final long timeoutMillis;

    /** @param timeoutMillis longest wait for an owner */
    BlockCopies(AffinityOwners owners, IgniteCache<String, byte[]> cache, NodeMessages messages, long timeoutMillis) {
        this.owners = owners;
        this.messages = messages;
        this.timeoutMillis = timeoutMillis;
        messages.serveAtOnce(COPY, question -> {
            BlockKey key = BlockKey.wrap(question);
            return here(cache, key)
                    .flatMap(copy -> StoredBlock.verified(key, copy))
                    .map(StoredBlock::encoded)
                    .orElse(NOTHING);
        });
        messages.serveAtOnce(HELD, question -> {
            BlockKey key = BlockKey.wrap(question);
            if (here(cache, key).isPresent()) {
                return new byte[1];
            }
            if (!owners.isWholeHere(key)) {
                // No answer: it may be on its way here.
                throw new IllegalStateException("blocks of this partition are still to come");
            }
            return NOTHING;
        });
    }

    /** The copy held here, not verified. */
    private static Optional<byte[]> here(IgniteCache<String, byte[]> cache, BlockKey key) {
        return Optional.ofNullable(cache.localPeek(key.toHex(), CachePeekMode.OFFHEAP));
    }

    /**
     * The first good copy that an owner answers with, once it comes; empty once all have answered and none has one.
     *
     * @return ends with a failure if no owner has a good copy and not all have answered
     */
    CompletableFuture<Optional<StoredBlock>> findGood(BlockKey key) {
        try {
            var found = new CompletableFuture<Optional<StoredBlock>>();
            var answers = new ArrayList<CompletableFuture<?>>();
            for (ClusterNode owner : owners(key)) {
                answers.add(ask(owner, COPY, key).thenAccept(answer -> {
                    Optional<StoredBlock> copy = answer.flatMap(bytes -> StoredBlock.verified(key, bytes));
                    if (copy.isPresent()) {
                        found.complete(copy);
                    }
                }));
            }
            CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).whenComplete((all, failure) -> {
                if (failure == null) {
                    found.complete(Optional.empty());
                } else {
                    found.completeExceptionally(failure);
                }
            });
            return found;
        } catch (RuntimeException e) {
            // Nobody knows the owners: this node is stopping, or cut off.
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Whether all owners of a block have a copy, good or not; ends with a failure if one does not answer. */
    CompletableFuture<Boolean> heldByAll(BlockKey key) {
        try {
            var all = CompletableFuture.completedFuture(true);
            for (ClusterNode owner : owners(key)) {
                all = all.thenCombine(
                        ask(owner, HELD, key),
                        (held, answer) ->
                                held && answer.filter(bytes -> bytes.length > 0).isPresent());
            }
            return all;
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Whether an owner of a block has a copy, good or not, as the first to answer says; does not end if none does. */
    CompletableFuture<Boolean> firstToSay(BlockKey key) {
        var first = new CompletableFuture<Boolean>();
        try {
            for (ClusterNode owner : owners(key)) {
                ask(owner, HELD, key).thenAccept(answer -> answer.ifPresent(bytes -> first.complete(bytes.length > 0)));
            }
        } catch (RuntimeException e) {
            // Whoever asks waits for the store too, which says the same.
            log.debug("owners of block {} cannot be asked: {}", key, e.toString());
        }
        return first;
    }

    private CompletableFuture<Optional<byte[]>> ask(ClusterNode owner, String what, BlockKey key) {
        return messages.ask(owner, what, key.toByteArray(), timeoutMillis);
    }

    private List<ClusterNode> owners(BlockKey key) {
        List<ClusterNode> known = owners.nodes(key);
        if (known.isEmpty()) {
            throw new IllegalStateException("no owner is known of block " + key);
        }
        return known;
    }
}
