package dev.kvern.runner.model;

import java.nio.ByteBuffer;

/**
 * A fixed number of KV blocks on the model's device. A block holds keys and values of {@code blockTokens} consecutive
 * tokens for all layers, laid out as {@code [layer][key, value][token][kv head][head dim]}, little-endian, without gaps:
 * the bytes that travel to other machines are these.
 *
 * <p>Which block belongs to whom is not known here. Reads and writes of a block must not overlap a step that writes it.
 */
public interface KvMemory extends AutoCloseable {
    /** How many blocks there are. */
    int blocks();

    /** Tokens in a block. */
    int blockTokens();

    /** Bytes of one block. */
    int blockBytes();

    /**
     * Copies a block's bytes into {@code target}, which must have room for them, and moves its position.
     *
     * @throws OutOfDeviceMemoryException if the device has no memory for the copy
     */
    void read(int block, ByteBuffer target);

    /**
     * Overwrites a block with the next {@link #blockBytes} bytes of {@code source}, and moves its position.
     *
     * @throws OutOfDeviceMemoryException if the device has no memory for the copy
     */
    void write(int block, ByteBuffer source);

    /** Copies several blocks' bytes, one after the other: what moves a chunk from or to a device at once. */
    default void read(int[] blocks, ByteBuffer target) {
        for (int block : blocks) {
            read(block, target);
        }
    }

    /** Overwrites several blocks with the next bytes of {@code source}. */
    default void write(int[] blocks, ByteBuffer source) {
        for (int block : blocks) {
            write(block, source);
        }
    }

    @Override
    void close();
}
