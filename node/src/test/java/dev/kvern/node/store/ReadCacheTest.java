package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Blocks;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadCacheTest {
    private static final int PAGE = PageSlab.PAGE_BYTES;
    private static final int PAGES = 8;

    private final Set<BlockKey> held = new HashSet<>();
    private final List<ByteBuffer> segments =
            List.of(ByteBuffer.allocateDirect(PAGES / 2 * PAGE), ByteBuffer.allocateDirect(PAGES / 2 * PAGE));
    private final ReadCache cache = new ReadCache(() -> segments, held::contains);

    @Test
    void takesABlockInWhenItIsReadAgain() {
        hold(1);
        cache.offer(Blocks.key(1), Blocks.stored(1, 100_000));
        assertThat(cache.find(Blocks.key(1))).isEmpty();
        cache.offer(Blocks.key(1), Blocks.stored(1, 100_000));
        try (ReadableBlock block = cache.find(Blocks.key(1)).orElseThrow()) {
            assertThat(bytes(block)).isEqualTo(Blocks.payload(1, 100_000));
            assertThat(block.header().payloadBytes()).isEqualTo(100_000);
            assertThat(block.header().crc32c()).isEqualTo(Blocks.checksum(1, Blocks.payload(1, 100_000)));
            assertThat(block.header().tokens()).isEqualTo(64);
        }
        assertThat(cache.usedBytes()).isEqualTo(2 * PAGE);
    }

    @Test
    void keepsTheParentOfABlock() {
        hold(2);
        StoredBlock child = Blocks.stored(2, Optional.of(Blocks.key(1)), 10);
        cache.offer(Blocks.key(2), child);
        cache.offer(Blocks.key(2), child);
        assertThat(cache.find(Blocks.key(2)).orElseThrow().header().parent()).contains(Blocks.key(1));
    }

    @Test
    void anyPartOfAPayloadIsFoundWhereItLies() {
        int size = 3 * PAGE + 17;
        add(1, size);
        byte[] payload = Blocks.payload(1, size);
        try (ReadableBlock block = cache.find(Blocks.key(1)).orElseThrow()) {
            for (int[] part : new int[][] {{0, 1}, {PAGE - 1, 2}, {5, 2 * PAGE}, {3 * PAGE, 17}, {size - 1, 1}}) {
                var expected = new byte[part[1]];
                System.arraycopy(payload, part[0], expected, 0, part[1]);
                assertThat(gathered(block.payload(part[0], part[1]))).isEqualTo(expected);
            }
        }
    }

    @Test
    void theOneReadLongestAgoMakesRoom() {
        add(1, 3 * PAGE);
        add(2, 3 * PAGE);
        cache.find(Blocks.key(1)).orElseThrow().close();
        add(3, 3 * PAGE);
        assertThat(cache.find(Blocks.key(2))).isEmpty();
        assertThat(present(1)).isTrue();
        assertThat(present(3)).isTrue();
    }

    @Test
    void whatIsBeingReadStaysAsItIs() {
        add(1, 5 * PAGE);
        ReadableBlock reading = cache.find(Blocks.key(1)).orElseThrow();
        add(2, 5 * PAGE);
        assertThat(cache.find(Blocks.key(2))).isEmpty();
        cache.drop(Blocks.key(1));
        assertThat(cache.find(Blocks.key(1))).isEmpty();
        // There are 3 free pages: more would have to be taken from the one that is read.
        add(3, 4 * PAGE);
        add(4, 3 * PAGE);
        assertThat(cache.find(Blocks.key(3))).isEmpty();
        assertThat(present(4)).isTrue();
        assertThat(bytes(reading)).isEqualTo(Blocks.payload(1, 5 * PAGE));
        reading.close();
        reading.close();
        assertThat(cache.usedBytes()).isEqualTo(3L * PAGE);
    }

    @Test
    void whatIsNotStoredHereIsNotKept() {
        cache.offer(Blocks.key(1), Blocks.stored(1, 10));
        cache.offer(Blocks.key(1), Blocks.stored(1, 10));
        assertThat(cache.find(Blocks.key(1))).isEmpty();
        assertThat(cache.usedBytes()).isZero();
    }

    /** As it happens when a block is deleted after it was read from the store and before its copy can be found. */
    @Test
    void whatIsDeletedWhileItIsCopiedIsNotKept() {
        var asked = new ArrayList<BlockKey>();
        var deleting = new ReadCache(() -> segments, key -> {
            asked.add(key);
            // Held when it is taken in, not any more once it was copied.
            return asked.size() <= 1;
        });
        deleting.offer(Blocks.key(1), Blocks.stored(1, 10));
        deleting.offer(Blocks.key(1), Blocks.stored(1, 10));
        assertThat(asked).hasSize(2);
        assertThat(deleting.find(Blocks.key(1))).isEmpty();
        assertThat(deleting.usedBytes()).isZero();
    }

    @Test
    void aBlockLargerThanAllIsLeftOut() {
        add(1, PAGES * PAGE + 1);
        assertThat(cache.find(Blocks.key(1))).isEmpty();
        add(2, PAGES * PAGE);
        assertThat(present(2)).isTrue();
    }

    @Test
    void withoutMemoryNothingIsKept() {
        var none = new ReadCache(List::of, key -> true);
        none.offer(Blocks.key(1), Blocks.stored(1, 10));
        none.offer(Blocks.key(1), Blocks.stored(1, 10));
        assertThat(none.find(Blocks.key(1))).isEmpty();
        assertThat(none.capacityBytes()).isZero();
    }

    @Test
    void whatPassesIsFoundAtOnceAndTakesNoMoreThanItsPart() {
        add(9, 6 * PAGE);
        for (int number = 1; number <= 5; number++) {
            hold(number);
            try (ReadableBlock block =
                    cache.pass(Blocks.key(number), Blocks.stored(number, PAGE)).orElseThrow()) {
                assertThat(bytes(block)).isEqualTo(Blocks.payload(number, PAGE));
            }
        }
        assertThat(IntStream.rangeClosed(1, 5).filter(this::present)).containsExactly(4, 5);
        assertThat(present(9)).isTrue();
        assertThat(cache.usedBytes()).isEqualTo(8L * PAGE);
    }

    @Test
    void whatPassesAndIsReadAgainStays() {
        hold(1);
        cache.pass(Blocks.key(1), Blocks.stored(1, PAGE)).orElseThrow().close();
        assertThat(present(1)).isTrue();
        for (int number = 2; number <= 9; number++) {
            hold(number);
            cache.pass(Blocks.key(number), Blocks.stored(number, 2 * PAGE))
                    .orElseThrow()
                    .close();
        }
        assertThat(present(1)).isTrue();
        assertThat(present(8)).isFalse();
        assertThat(present(9)).isTrue();
    }

    @Test
    void whatIsReadAgainAfterItHasPassedStays() {
        for (int turn = 0; turn < 2; turn++) {
            for (int number = 1; number <= 5; number++) {
                hold(number);
                cache.pass(Blocks.key(number), Blocks.stored(number, PAGE))
                        .orElseThrow()
                        .close();
            }
        }
        assertThat(IntStream.rangeClosed(1, 5).filter(this::present)).containsExactly(1, 2, 3, 4, 5);
    }

    @Test
    void whatIsTooLargeToPassOrNotStoredHereDoesNotPass() {
        hold(1);
        assertThat(cache.pass(Blocks.key(1), Blocks.stored(1, 2 * PAGE + 1))).isEmpty();
        assertThat(cache.pass(Blocks.key(2), Blocks.stored(2, 10))).isEmpty();
        hold(3);
        ReadableBlock reading =
                cache.pass(Blocks.key(3), Blocks.stored(3, 2 * PAGE)).orElseThrow();
        hold(4);
        assertThat(cache.pass(Blocks.key(4), Blocks.stored(4, PAGE))).isEmpty();
        reading.close();
        assertThat(cache.pass(Blocks.key(4), Blocks.stored(4, PAGE))).isPresent();
    }

    /** Two who read the same block at the same time. */
    @Test
    void aSecondCopyOfWhatPassesGoesOnceItWasRead() {
        hold(1);
        ReadableBlock first = cache.pass(Blocks.key(1), Blocks.stored(1, PAGE)).orElseThrow();
        ReadableBlock second = cache.pass(Blocks.key(1), Blocks.stored(1, PAGE)).orElseThrow();
        assertThat(bytes(second)).isEqualTo(bytes(first));
        first.close();
        second.close();
        assertThat(cache.usedBytes()).isEqualTo(PAGE);
    }

    /** Whatever happens in whatever order, what is read is what was stored, and no page is lost or used twice. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void holdsAnyOrderOfEvents(long seed) {
        var random = new Random(seed);
        var open = new ArrayList<ReadableBlock>();
        var numbers = new ArrayList<Integer>();
        int found = 0;
        for (int step = 0; step < 3_000; step++) {
            int number = random.nextInt(12);
            int size = 1 + number * PAGE / 3;
            switch (random.nextInt(7)) {
                case 0, 1 -> {
                    hold(number);
                    cache.offer(Blocks.key(number), Blocks.stored(number, size));
                }
                case 2, 3 -> {
                    Optional<ReadableBlock> block = cache.find(Blocks.key(number));
                    if (block.isPresent()) {
                        found++;
                        assertThat(held).contains(Blocks.key(number));
                        open.add(block.get());
                        numbers.add(number);
                    }
                }
                case 4 -> {
                    held.remove(Blocks.key(number));
                    cache.drop(Blocks.key(number));
                }
                case 5 -> {
                    hold(number);
                    Optional<ReadableBlock> block = cache.pass(Blocks.key(number), Blocks.stored(number, size));
                    if (block.isPresent()) {
                        open.add(block.get());
                        numbers.add(number);
                    }
                }
                default -> {
                    if (!open.isEmpty()) {
                        int which = random.nextInt(open.size());
                        int of = numbers.remove(which);
                        try (ReadableBlock block = open.remove(which)) {
                            assertThat(bytes(block)).isEqualTo(Blocks.payload(of, 1 + of * PAGE / 3));
                        }
                    }
                }
            }
            assertThat(cache.usedBytes()).isBetween(0L, cache.capacityBytes());
        }
        assertThat(found).isGreaterThan(50);
        open.forEach(ReadableBlock::close);
        for (int number = 0; number < 12; number++) {
            cache.drop(Blocks.key(number));
        }
        assertThat(cache.usedBytes()).isZero();
    }

    private void hold(int number) {
        held.add(Blocks.key(number));
    }

    private void add(int number, int size) {
        hold(number);
        cache.offer(Blocks.key(number), Blocks.stored(number, size));
        cache.offer(Blocks.key(number), Blocks.stored(number, size));
    }

    private boolean present(int number) {
        Optional<ReadableBlock> block = cache.find(Blocks.key(number));
        block.ifPresent(ReadableBlock::close);
        return block.isPresent();
    }

    private static byte[] bytes(ReadableBlock block) {
        return gathered(block.payload(0, block.header().payloadBytes()));
    }

    private static byte[] gathered(List<ByteBuffer> pieces) {
        var all = new ByteArrayOutputStream();
        for (ByteBuffer piece : pieces) {
            byte[] bytes = new byte[piece.remaining()];
            piece.duplicate().get(bytes);
            all.writeBytes(bytes);
        }
        return all.toByteArray();
    }
}
