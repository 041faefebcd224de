package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The memory of another process of this user, as Linux shows it: for what failing memory does to what lies in it. */
final class ProcessMemory {
    private static final int PIECE_BYTES = 1 << 20;
    private static final int PATTERN_BYTES = 32;

    /** Of a payload: further than the first page, in which the stored header lies. */
    private static final int FIRST_PLACE = 20_000;

    private static final int NEXT_PLACE = 7_001;

    private final Path directory;

    ProcessMemory(long pid) {
        directory = Path.of("/proc", String.valueOf(pid));
        assumeTrue(
                Files.isWritable(directory.resolve("mem")),
                "the memory of other processes cannot be changed here: " + directory.resolve("mem"));
    }

    /**
     * Flips one bit in the middle of a payload, in every copy of it that lies in the memory.
     *
     * @param payload random, so that nothing else looks like it
     * @return how many copies there were
     */
    int flipBit(byte[] payload) {
        // Stored blocks lie in pages: a place that goes over the end of one is not found in one piece.
        for (int place = FIRST_PLACE; place + PATTERN_BYTES < payload.length; place += NEXT_PLACE) {
            int flipped = flip(Arrays.copyOfRange(payload, place, place + PATTERN_BYTES), 0);
            if (flipped > 0) {
                return flipped;
            }
        }
        return 0;
    }

    /**
     * Flips one bit of some bytes, wherever they lie in the memory.
     *
     * @param bytes so many that nothing else looks like them: {@value #PATTERN_BYTES}
     * @param at which one
     * @return how often they were there
     */
    int flipBitOf(byte[] bytes, int at) {
        assertThat(bytes).hasSize(PATTERN_BYTES);
        return flip(bytes, at);
    }

    private int flip(byte[] pattern, int place) {
        int flipped = 0;
        try (var memory = new RandomAccessFile(directory.resolve("mem").toFile(), "rw")) {
            for (String line : Files.readAllLines(directory.resolve("maps"))) {
                String[] words = line.split("\\s+");
                if (words[1].startsWith("rw") && !line.endsWith("]")) {
                    String[] range = words[0].split("-");
                    flipped += flip(memory, Long.parseLong(range[0], 16), Long.parseLong(range[1], 16), pattern, place);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return flipped;
    }

    private static int flip(RandomAccessFile memory, long from, long to, byte[] pattern, int place) throws IOException {
        int flipped = 0;
        var piece = new byte[PIECE_BYTES + PATTERN_BYTES];
        for (long at = from; at < to; at += PIECE_BYTES) {
            int length = (int) Math.min(piece.length, to - at);
            try {
                memory.seek(at);
                memory.readFully(piece, 0, length);
            } catch (IOException e) {
                // Not there any more, or not memory.
                continue;
            }
            for (int i = 0; i + PATTERN_BYTES <= length; i++) {
                // The last ones are the next piece's first.
                if (i < PIECE_BYTES
                        && piece[i] == pattern[0]
                        && Arrays.equals(piece, i, i + PATTERN_BYTES, pattern, 0, PATTERN_BYTES)) {
                    memory.seek(at + i + place);
                    memory.write(pattern[place] ^ 1);
                    flipped++;
                }
            }
        }
        return flipped;
    }
}
