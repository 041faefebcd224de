package dev.kvern.runner.tier;

import dev.kvern.block.BlockChecksum;
import dev.kvern.v1.PlacedBlock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory in which a node on this machine keeps blocks, read in place of its socket: one copy instead of five or so. The node
 * does not wait for who reads, so that only what matches its checksum counts. Safe for use by several threads.
 */
final class SharedBlocks {
    private static final Logger log = LoggerFactory.getLogger(SharedBlocks.class);

    /** A buffer has fewer than 2 GiB. */
    private static final long SEGMENT_BYTES = 1 << 30;

    private volatile boolean readable;
    private volatile Mapped mapped = new Mapped("", List.of());

    /** A file, and its bytes in segments of {@link #SEGMENT_BYTES}, but for the last. */
    private record Mapped(String file, List<ByteBuffer> segments) {}

    /** @param local whether the node is on this machine */
    SharedBlocks(boolean local) {
        this.readable = local;
    }

    /** What to say of it in a request; empty if the node's memory cannot be read. */
    Optional<String> file() {
        return readable ? Optional.of(mapped.file()) : Optional.empty();
    }

    /** Bytes of the file that is mapped; 0 if none is, or the node's memory cannot be read. */
    long bytes() {
        return !readable
                ? 0
                : mapped.segments().stream().mapToLong(ByteBuffer::capacity).sum();
    }

    /** Takes over the file that the node has named. After one that cannot be read no other is tried. */
    synchronized void offered(String file) {
        if (!readable || mapped.file().equals(file)) {
            return;
        }
        try {
            mapped = new Mapped(file, map(Path.of(file)));
        } catch (IOException | RuntimeException e) {
            readable = false;
            log.info("blocks come over the node's socket, not through its memory: {}", e.toString());
        }
    }

    private static List<ByteBuffer> map(Path file) throws IOException {
        var segments = new ArrayList<ByteBuffer>();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            for (long at = 0; at < channel.size(); at += SEGMENT_BYTES) {
                segments.add(channel.map(MapMode.READ_ONLY, at, Math.min(SEGMENT_BYTES, channel.size() - at)));
            }
        }
        return segments;
    }

    /**
     * Copies a block to where the target stands, as many bytes as it has room for, and adds them to the checksum.
     *
     * @return whether the block lies where memory is mapped
     */
    boolean copy(PlacedBlock block, ByteBuffer target, BlockChecksum checksum) {
        List<ByteBuffer> segments = mapped.segments();
        long bytes = block.getHeader().getSizeBytes();
        long pageBytes = Integer.toUnsignedLong(block.getPageBytes());
        if (bytes != target.remaining()
                || pageBytes == 0
                || (bytes + pageBytes - 1) / pageBytes != block.getOffsetsCount()) {
            return false;
        }
        for (long offset : block.getOffsetsList()) {
            int length = (int) Math.min(pageBytes, target.remaining());
            int segment = (int) Math.min(Integer.MAX_VALUE, offset / SEGMENT_BYTES);
            if (offset < 0 || segment >= segments.size()) {
                return false;
            }
            ByteBuffer from = segments.get(segment);
            int at = (int) (offset % SEGMENT_BYTES);
            if (length > from.capacity() - at) {
                return false;
            }
            int before = target.position();
            target.put(from.slice(at, length));
            checksum.add(target.slice(before, length));
        }
        return true;
    }
}
