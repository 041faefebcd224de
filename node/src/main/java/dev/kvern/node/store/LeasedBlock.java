package dev.kvern.node.store;

import java.nio.ByteBuffer;
import java.util.List;

/** A block that is not evicted before it is closed. Safe for use as the block is. */
public final class LeasedBlock implements ReadableBlock {
    private final ReadableBlock block;
    private final EvictionPolicy.Lease lease;

    public LeasedBlock(ReadableBlock block, EvictionPolicy.Lease lease) {
        this.block = block;
        this.lease = lease;
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
    }
}
