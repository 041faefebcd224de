package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Blocks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFileMemoryTest {
    private static final long BYTES = 6L * PageSlab.PAGE_BYTES;

    @TempDir
    private Path directory;

    @Test
    void anotherReaderFindsABlockAtItsPlaces() throws IOException {
        try (SharedFileMemory memory = SharedFileMemory.create(directory, "one", BYTES)) {
            var cache = new ReadCache(memory, key -> true);
            BlockKey key = Blocks.key(1);
            int size = 2 * PageSlab.PAGE_BYTES + 100;
            cache.offer(key, Blocks.stored(1, size));
            cache.offer(key, Blocks.stored(1, size));
            Path file = cache.sharedFile().orElseThrow();
            assertThat(Files.size(file)).isEqualTo(BYTES);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            byte[] all = Files.readAllBytes(file);
            try (ReadableBlock block = cache.find(key).orElseThrow()) {
                var found = ByteBuffer.allocate(size);
                for (long place : block.places()) {
                    int length = Math.min(PageSlab.PAGE_BYTES, found.remaining());
                    found.put(all, (int) place, length);
                }
                assertThat(found.array()).isEqualTo(Blocks.payload(1, size));
            }
        }
        assertThat(filesLeft()).isEmpty();
    }

    @Test
    void whatAnEarlierProcessLeftBehindIsRemoved() throws IOException {
        SharedFileMemory killed = SharedFileMemory.create(directory, "one", BYTES);
        SharedFileMemory other = SharedFileMemory.create(directory, "two", BYTES);
        SharedFileMemory next = SharedFileMemory.create(directory, "one", BYTES);
        assertThat(filesLeft())
                .containsExactlyInAnyOrder(
                        other.file().orElseThrow(), next.file().orElseThrow());
        assertThat(killed.file()).isNotEqualTo(next.file());
        // Who still has it mapped can go on reading.
        assertThat(killed.segments().get(0).get(0)).isZero();
    }

    @Test
    void saysWhatIsInTheWay() {
        assertThatThrownBy(() -> SharedFileMemory.create(directory, "one", 1L << 60))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("bytes free in " + directory)
                .hasMessageContaining("expected: " + (1L << 60));
        assertThatThrownBy(() -> SharedFileMemory.create(directory.resolve("none"), "one", BYTES))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none");
    }

    private List<Path> filesLeft() throws IOException {
        try (var files = Files.list(directory)) {
            return Arrays.asList(files.toArray(Path[]::new));
        }
    }
}
