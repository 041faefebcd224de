package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies a chain's leading chunks out of host memory and asks the next tier for the rest, from the first on that is not
 * there or not intact. Safe for use by several threads; guarded by this.
 */
final class HostFetch implements Fetch {
    private static final Logger log = LoggerFactory.getLogger(HostFetch.class);

    private final HostTier host;
    private final CacheTier next;
    private final List<BlockKey> keys;
    private final int chunkBytes;
    private final ChunkSink sink;
    private final CompletableFuture<FetchOutcome> outcome = new CompletableFuture<>();
    private int copied;
    private boolean cancelled;
    private @Nullable Fetch rest;

    HostFetch(HostTier host, CacheTier next, List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        this.host = host;
        this.next = next;
        this.keys = keys;
        this.chunkBytes = chunkBytes;
        this.sink = sink;
    }

    /** Copies; returns when all that is here has been copied. */
    void run() {
        try {
            boolean more = true;
            while (more) {
                more = copyOne();
            }
            fetchRest();
        } catch (RuntimeException e) {
            log.error("copying a chunk from host memory failed", e);
            ended(MissReason.LOCAL_FAILURE);
        }
    }

    private synchronized boolean copyOne() {
        int at = copied;
        if (cancelled || at == keys.size() || !host.read(keys.get(at), bytes -> sink.accept(at, bytes))) {
            return false;
        }
        copied++;
        return true;
    }

    private void fetchRest() {
        Fetch started;
        int before;
        synchronized (this) {
            before = copied;
            if (cancelled) {
                return;
            }
            if (before == keys.size()) {
                outcome.complete(new FetchOutcome.Hit(before, before));
                return;
            }
            started = next.fetch(
                    keys.subList(before, keys.size()),
                    chunkBytes,
                    (index, payload) -> sink.accept(before + index, payload));
            rest = started;
        }
        started.outcome().thenAccept(result -> outcome.complete(result.after(before)));
    }

    @Override
    public CompletableFuture<FetchOutcome> outcome() {
        return outcome;
    }

    @Override
    public void cancel() {
        Fetch running;
        synchronized (this) {
            cancelled = true;
            running = rest;
        }
        if (running != null) {
            running.cancel();
        }
        ended(MissReason.CANCELLED);
    }

    private void ended(MissReason reason) {
        int came;
        synchronized (this) {
            came = copied;
        }
        outcome.complete(new FetchOutcome.Miss(reason).after(came));
    }
}
