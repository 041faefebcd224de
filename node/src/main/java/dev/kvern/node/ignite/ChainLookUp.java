package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Counts how many leading keys of a chain are stored, some at a time. Once the call has taken too long, owners of what is still open
 * are asked themselves, all of them, and the first answer counts: one that hangs is waited for by the store for longer than the caller
 * waits. Immutable.
 */
final class ChainLookUp {
    /** All at once would fill the store's queue. */
    private static final int BATCH = 64;

    private final List<BlockKey> chain;
    private final Function<BlockKey, CompletableFuture<Boolean>> store;
    private final Function<BlockKey, CompletableFuture<Boolean>> owners;
    private final CompletableFuture<?> late;

    /**
     * @param store whether a block is stored, as the store says; ends within a bounded time
     * @param owners the same, as the first of its owners to answer says; need not end
     * @param late ends when the call has taken too long
     */
    ChainLookUp(
            List<BlockKey> chain,
            Function<BlockKey, CompletableFuture<Boolean>> store,
            Function<BlockKey, CompletableFuture<Boolean>> owners,
            CompletableFuture<?> late) {
        this.chain = chain;
        this.store = store;
        this.owners = owners;
        this.late = late;
    }

    /** Fails as the store does, if no owner of a block answers. */
    CompletableFuture<Integer> count() {
        return countFrom(0);
    }

    private CompletableFuture<Integer> countFrom(int begin) {
        int from = begin;
        // Not by recursion: what is held here is known at once, of however long a chain.
        while (true) {
            CompletableFuture<Integer> matched = batch(from);
            int to = Math.min(chain.size(), from + BATCH);
            if (to == chain.size()) {
                return matched;
            }
            if (!matched.isDone()) {
                return matched.thenCompose(
                        count -> count < to ? CompletableFuture.completedFuture(count) : countFrom(to));
            }
            if (matched.isCompletedExceptionally() || matched.join() < to) {
                return matched;
            }
            from = to;
        }
    }

    /** How many leading keys are stored, if all before one of them are, up to the end of its batch. */
    private CompletableFuture<Integer> batch(int from) {
        List<BlockKey> batch = chain.subList(from, Math.min(chain.size(), from + BATCH));
        var stored = new ArrayList<CompletableFuture<Boolean>>();
        batch.forEach(key -> stored.add(store.apply(key)));
        late.thenRun(() -> {
            for (int i = 0; i < batch.size(); i++) {
                CompletableFuture<Boolean> answer = stored.get(i);
                if (!answer.isDone()) {
                    owners.apply(batch.get(i)).thenAccept(answer::complete);
                }
            }
        });
        return CompletableFuture.allOf(stored.toArray(CompletableFuture[]::new)).thenApply(all -> {
            int matched = 0;
            while (matched < stored.size() && stored.get(matched).join()) {
                matched++;
            }
            return from + matched;
        });
    }
}
