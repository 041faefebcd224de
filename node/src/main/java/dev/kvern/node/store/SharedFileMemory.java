package dev.kvern.node.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Memory that other processes of this machine can read: a file in a directory that lies in memory, mapped. It is written once
 * from end to end when it is made, so that all of it is there: a page that the file system has no room for would end the process
 * that touches it. The file is of a new name each time and never changes its size.
 */
public final class SharedFileMemory implements CacheMemory, AutoCloseable {
    private static final int FILL_BYTES = 1 << 20;

    private final Path file;
    private final List<ByteBuffer> segments;

    private SharedFileMemory(Path file, List<ByteBuffer> segments) {
        this.file = file;
        this.segments = segments;
    }

    /**
     * Makes the file, for this user only, after removing those that earlier processes of the same name left behind.
     *
     * @param directory in memory
     * @param name that no other running process uses here
     * @param bytes a multiple of a page's
     * @throws IOException if there is no such directory, no right to write, or no room
     */
    public static SharedFileMemory create(Path directory, String name, long bytes) throws IOException {
        String prefix = "kvern-" + name + "-";
        try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, prefix + "*")) {
            for (Path file : left) {
                Files.deleteIfExists(file);
            }
        }
        long room = Files.getFileStore(directory).getUsableSpace();
        if (room < bytes) {
            throw new IOException(room + " bytes free in " + directory + " (expected: " + bytes + ")");
        }
        Path file = directory.resolve(prefix + UUID.randomUUID());
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            fill(channel, bytes);
            return new SharedFileMemory(file, map(channel, bytes));
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private static void fill(FileChannel channel, long bytes) throws IOException {
        var zeros = ByteBuffer.allocateDirect(FILL_BYTES);
        for (long left = bytes; left > 0; ) {
            zeros.clear().limit((int) Math.min(left, FILL_BYTES));
            left -= channel.write(zeros);
        }
    }

    private static List<ByteBuffer> map(FileChannel channel, long bytes) throws IOException {
        var segments = new ArrayList<ByteBuffer>();
        long at = 0;
        for (int size : CacheMemory.segmentBytes(bytes)) {
            segments.add(channel.map(MapMode.READ_WRITE, at, size));
            at += size;
        }
        return segments;
    }

    @Override
    public List<ByteBuffer> segments() {
        return segments;
    }

    @Override
    public Optional<Path> file() {
        return Optional.of(file);
    }

    /** Removes the file; the memory is freed once nobody has it mapped any more. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
