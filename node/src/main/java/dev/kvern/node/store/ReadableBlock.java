package dev.kvern.node.store;

import java.nio.ByteBuffer;
import java.util.List;

/** A block that is being read: its bytes stay where they are until it is closed. Closing again has no effect. */
public interface ReadableBlock extends AutoCloseable {
    StoredHeader header();

    /**
     * The payload's bytes where they lie, in order; not to be changed, nor used once the block is closed.
     *
     * @param from bytes of the payload before them
     * @param length more than 0, within the payload
     */
    List<ByteBuffer> payload(int from, int length);

    /**
     * Where in the shared file the payload's pages begin, each of {@link PageSlab#PAGE_BYTES} but for the last; empty if it lies in
     * none. They may be taken for another block once this one is closed.
     */
    default long[] places() {
        return new long[0];
    }

    /** Whether the bytes were kept for long since they were last compared with their checksum. */
    boolean unchecked();

    @Override
    void close();
}
