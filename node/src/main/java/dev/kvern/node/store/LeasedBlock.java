package dev.kvern.node.store;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A block that is not evicted before it is closed, or for so long: a caller that takes nothing must not keep a full node from
 * evicting. Of what it takes later the checksum tells whether it is still the block. Safe for use as the block is.
 */
public final class LeasedBlock implements ReadableBlock {
    private final ReadableBlock block;
    private final EvictionPolicy.Lease lease;
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    /** @param millis longest time that the block is kept */
    public LeasedBlock(ReadableBlock block, EvictionPolicy.Lease lease, long millis) {
        this.block = block;
        this.lease = lease;
        end.completeOnTimeout(null, millis, TimeUnit.MILLISECONDS).thenRun(lease::close);
    }

    @Override
    public StoredHeader header() {
        return block.header();
    }

    @Override
    public List<ByteBuffer> payload(int from, int length) {
        return block.payload(from, length);
    }

    @Override
    public long[] places() {
        return block.places();
    }

    @Override
    public boolean unchecked() {
        return block.unchecked();
    }

    @Override
    public void close() {
        block.close();
        lease.close();
        // Not run any more, and forgotten by the timer.
        end.cancel(false);
    }
}
