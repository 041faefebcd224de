package dev.kvern.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small file system that can be filled to its last byte: a tmpfs, which needs the right to mount one. */
final class FullDisk implements AutoCloseable {
    private static final int MOST_FILES = 1_000;

    private final Path directory;

    /** @param directory an empty one, on which the file system is mounted */
    FullDisk(Path directory, int megabytes) {
        this.directory = directory;
        String refused = run(List.of(
                "mount",
                "-t",
                "tmpfs",
                "-o",
                "size=" + megabytes + "m,nr_inodes=" + MOST_FILES,
                "tmpfs",
                directory.toString()));
        assumeTrue(refused.isEmpty(), "no file system can be mounted here: " + refused);
    }

    Path directory() {
        return directory;
    }

    /** Leaves no room for a single byte. */
    void fill() {
        try (OutputStream file = Files.newOutputStream(directory.resolve("full"))) {
            var piece = new byte[4 << 10];
            while (true) {
                file.write(piece);
            }
        } catch (IOException e) {
            // Full, which is the aim.
        }
    }

    /** Leaves no room for another file or directory, be it empty. */
    void fillWithFiles() {
        try {
            for (int i = 0; i <= MOST_FILES; i++) {
                Files.createFile(directory.resolve("file-" + i));
            }
        } catch (IOException e) {
            // Full, which is the aim.
        }
    }

    /** What the command says if it fails; empty if it does not. */
    private static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int exit = process.waitFor();
            return exit == 0 ? "" : command.get(0) + ": exit code " + exit + ": " + said;
        } catch (IOException e) {
            return e.toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return e.toString();
        }
    }

    @Override
    public void close() {
        String refused = run(List.of("umount", directory.toString()));
        if (!refused.isEmpty()) {
            throw new UncheckedIOException(new IOException(refused));
        }
    }
}
