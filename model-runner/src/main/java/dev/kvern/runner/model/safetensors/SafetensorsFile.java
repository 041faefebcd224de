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
 * nothing in it leads outside the file. Immutable; a mapping stays valid after {@link #close}.
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
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, offset + buffer.position()) < 0) {
                throw new IOException("the file became shorter while it was read");
            }
        }
        return buffer;
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
     * Maps part of a tensor's bytes, read-only, little-endian.
     *
     * @param from first byte within the tensor
     * @param bytes at most {@link Integer#MAX_VALUE}
     */
    public ByteBuffer map(TensorEntry tensor, long from, int bytes) {
        if (from < 0 || bytes < 0 || from + bytes > tensor.bytes()) {
            throw new IllegalArgumentException(
                    tensor.name() + ": bytes " + from + " + " + bytes + " (expected: within " + tensor.bytes() + ")");
        }
        try {
            return channel.map(FileChannel.MapMode.READ_ONLY, tensor.offset() + from, bytes)
                    .order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, path + ": cannot be mapped (expected: a readable file): " + e, e);
        }
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
