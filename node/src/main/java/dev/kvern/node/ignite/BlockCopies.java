package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.StoredBlock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterNode;

/**
 * A block's copies at its owners, asked one by one: where Ignite's own read would wait for one owner, or take a copy that is
 * corrupt, another may have the block. Safe for use by several threads.
 */
final class BlockCopies {
    private final Ignite ignite;
    private final CopyMessages messages;
    private final Executor executor;

    /** @param executor bounded; refuses what is too much */
    BlockCopies(Ignite ignite, CopyMessages messages, Executor executor) {
        this.ignite = ignite;
        this.messages = messages;
        this.executor = executor;
    }

    /**
     * The first good copy that an owner answers with, once it comes; empty once all have answered and none has one.
     *
     * @return ends with a failure if no owner has a good copy and not all have answered
     */
    CompletableFuture<Optional<StoredBlock>> findGood(BlockKey key) {
        try {
            return askAll(key);
        } catch (RuntimeException e) {
            // Nobody knows the owners: this node is stopping, or cut off.
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Optional<StoredBlock>> askAll(BlockKey key) {
        var found = new CompletableFuture<Optional<StoredBlock>>();
        var answers = new ArrayList<CompletableFuture<?>>();
        UUID here = ignite.cluster().localNode().id();
        for (ClusterNode owner : owners(key)) {
            answers.add(started(() -> owner.id().equals(here)
                            ? CompletableFuture.completedFuture(messages.here(key))
                            : messages.ask(owner.id(), key))
                    .thenAccept(copy -> {
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
    }

    private CompletableFuture<Optional<StoredBlock>> started(
            Supplier<CompletableFuture<Optional<StoredBlock>>> question) {
        try {
            return CompletableFuture.supplyAsync(question, executor).thenCompose(answer -> answer);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private List<ClusterNode> owners(BlockKey key) {
        Collection<ClusterNode> owners =
                ignite.<String>affinity(IgniteBlockStorage.CACHE).mapKeyToPrimaryAndBackups(key.toHex());
        return List.copyOf(owners);
    }
}
