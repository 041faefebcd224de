package dev.kvern.runner.model.safetensors;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file: 8 bytes with the header's length, a JSON header with type, shape and place of each tensor, the
 * tensors' bytes (https://huggingface.co/docs/safetensors). The header is checked as a whole when the file is opened:
 * nothing in it leads outside the file. Immutable; the file stays open until closed, also where another takes its name.
 */
public final class SafetensorsFile implements AutoCloseable {
    /** The reference implementation's limit. */
    private static final long MAX_HEADER_BYTES = 100_000_000;

    private final Path path;
    private final FileChannel channel;
    private final Map<String, TensorEntry> tensors;

    private SafetensorsFile(Path path, FileChannel channel, Map<String, TensorEntry> tensors) {
        this.path = path;
        this.channel = channel;
        this.tensors = tensors;
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws KvernException MISCONFIGURED if it cannot be read, is truncated or contradicts itself
     */
    public static SafetensorsFile open(Path path) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            var file = new SafetensorsFile(path, channel, readHeader(path, channel));
            channel = null;
            return file;
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, path + ": cannot be read (expected: a safetensors file): " + e, e);
        } finally {
            closeQuietly(channel);
        }
    }

    private static Map<String, TensorEntry> readHeader(Path path, FileChannel channel) throws IOException {
        long fileBytes = channel.size();
        if (fileBytes < Long.BYTES) {
            throw KvernException.misconfigured(path + ": file size", fileBytes, "at least 8 bytes of safetensors");
        }
        long headerBytes = read(channel, 0, Long.BYTES).getLong(0);
        if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) {
            throw KvernException.misconfigured(
                    path + ": header length", Long.toUnsignedString(headerBytes), "2 to " + MAX_HEADER_BYTES);
        }
        long dataOffset = Long.BYTES + headerBytes;
        if (dataOffset > fileBytes) {
            throw KvernException.misconfigured(
                    path + ": file size", fileBytes, "at least " + dataOffset + " for its header; it is truncated");
        }
        ByteBuffer header = read(channel, Long.BYTES, (int) headerBytes);
        return new SafetensorsHeader(path, dataOffset, fileBytes).parse(header.array());
    }

    private static ByteBuffer read(FileChannel channel, long offset, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        fill(channel, offset, buffer);
        return buffer;
    }

    private static void fill(FileChannel channel, long offset, ByteBuffer target) throws IOException {
        long at = offset;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new IOException("it became shorter while it was read");
            }
            at += count;
        }
    }

    public Path path() {
        return path;
    }

    /** Tensors by name, in the order of the header. */
    public Map<String, TensorEntry> tensors() {
        return tensors;
    }

    /** The tensor of that name.
     *
     * @throws KvernException MISCONFIGURED if there is none
     */
    public TensorEntry tensor(String name) {
        TensorEntry entry = tensors.get(name);
        if (entry == null) {
            throw KvernException.misconfigured(path + ": tensor " + name, "missing", "one of " + tensors.keySet());
        }
        return entry;
    }

    /**
     * Reads part of a tensor's bytes. They are copied, not mapped: a file that is cut short under a mapping ends the process
     * that touches it.
     *
     * @param from first byte within the tensor
     * @param target is filled up; its position moves to its limit
     * @throws KvernException MISCONFIGURED if the file has become shorter since it was opened, or cannot be read any more
     */
    public void read(TensorEntry tensor, long from, ByteBuffer target) {
        if (from < 0 || from + target.remaining() > tensor.bytes()) {
            throw new IllegalArgumentException(tensor.name() + ": bytes " + from + " + " + target.remaining()
                    + " (expected: within " + tensor.bytes() + ")");
        }
        try {
            fill(channel, tensor.offset() + from, target);
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    path + ": cannot be read any more (expected: a file that stays as it is): " + e.getMessage(),
                    e);
        }
    }

    /** The same into a buffer of its own, little-endian, to be read from its beginning. */
    public ByteBuffer read(TensorEntry tensor, long from, int bytes) {
        ByteBuffer target = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        read(tensor, from, target);
        return target.flip();
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // A file that was only read has nothing left to lose.
        }
    }
}
