package dev.kvern.runner.kv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random operations against a model that remembers what each block must hold and who holds it. */
class BlockPoolRandomTest {
    private static final int CAPACITY = 24;
    private static final int STEPS = 4_000;
    private static final BlockChain CHAIN = new BlockChain(1);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void agreesWithTheModel(long seed) {
        var random = new Random(seed);
        var pool = new BlockPool(CAPACITY);
        var known = new Known();
        pool.listen(known);
        /* What each block's memory holds: written by its one writer, never while anyone else may read it. */
        String[] memory = new String[CAPACITY];
        var writing = new ArrayList<WritableBlock>();
        var pinned = new ArrayList<PinnedBlock>();
        var expected = new HashMap<PinnedBlock, String>();
        for (int step = 0; step < STEPS; step++) {
            String at = "seed " + seed + " step " + step;
            NamespaceId space = NamespaceId.wrap(filled(random.nextInt(2)));
            List<BlockDigest> chain =
                    CHAIN.digests(random.ints(1 + random.nextInt(6), 0, 2).toArray());
            switch (random.nextInt(6)) {
                case 0 -> pool.acquire(random.nextInt(5)).ifPresent(writing::addAll);
                case 1 -> {
                    int from = random.nextInt(chain.size());
                    List<BlockDigest> names = chain.subList(from, chain.size());
                    Optional<List<WritableBlock>> blocks = pool.acquire(names.size());
                    if (blocks.isPresent()) {
                        for (int i = 0; i < names.size(); i++) {
                            memory[blocks.get().get(i).index()] = space + "/" + names.get(i);
                        }
                        BlockDigest parent = from == 0 ? BlockChain.root() : chain.get(from - 1);
                        boolean reachable = from == 0
                                || known.content.getOrDefault(space, Set.of()).contains(parent);
                        Optional<List<PinnedBlock>> pins = pool.publish(space, parent, names, blocks.get());
                        assertThat(pins.isPresent()).as(at).isEqualTo(reachable);
                        if (pins.isPresent()) {
                            hold(pins.get(), names, space, pinned, expected);
                        } else {
                            writing.addAll(blocks.get());
                        }
                    }
                }
                case 2 -> {
                    List<PinnedBlock> run = pool.pinLongestPrefix(space, chain, 1);
                    int length = 0;
                    while (length < chain.size()
                            && known.content.getOrDefault(space, Set.of()).contains(chain.get(length))) {
                        length++;
                    }
                    assertThat(run).as(at).hasSize(length);
                    hold(run, chain, space, pinned, expected);
                }
                case 3 -> {
                    if (!writing.isEmpty()) {
                        WritableBlock block = writing.remove(random.nextInt(writing.size()));
                        memory[block.index()] = "scribble " + step;
                        block.close();
                        block.close();
                    }
                }
                default -> {
                    for (int i = 0; i < 3 && !pinned.isEmpty(); i++) {
                        PinnedBlock pin = pinned.remove(random.nextInt(pinned.size()));
                        expected.remove(pin);
                        pin.close();
                        pin.close();
                    }
                }
            }
            writing.forEach(block -> memory[block.index()] = "scribble");
            expected.forEach(
                    (pin, content) -> assertThat(memory[pin.index()]).as(at).isEqualTo(content));
            var held = new HashSet<Integer>();
            writing.forEach(block -> assertThat(held.add(block.index())).as(at).isTrue());
            pinned.forEach(pin -> held.add(pin.index()));
            assertThat(pool.usage().used()).as(at).isEqualTo(held.size());
            assertThat(pool.usage().cached() + pool.usage().used() - writing.size())
                    .as(at)
                    .isEqualTo(known.size());
            pool.checkInvariants();
        }
        writing.forEach(WritableBlock::close);
        pinned.forEach(PinnedBlock::close);
        assertThat(pool.usage().used()).isZero();
        assertThat(pool.acquire(CAPACITY)).as("nothing leaked").isPresent();
        assertThat(known.size()).isZero();
    }

    private static void hold(
            List<PinnedBlock> pins,
            List<BlockDigest> names,
            NamespaceId space,
            List<PinnedBlock> pinned,
            Map<PinnedBlock, String> expected) {
        for (int i = 0; i < pins.size(); i++) {
            pinned.add(pins.get(i));
            expected.put(pins.get(i), space + "/" + names.get(i));
        }
    }

    private static byte[] filled(int value) {
        byte[] bytes = new byte[32];
        bytes[0] = (byte) value;
        return bytes;
    }

    /** What the events say the pool holds; refuses events that contradict each other. */
    private static final class Known implements KvEventListener {
        final Map<NamespaceId, Set<BlockDigest>> content = new HashMap<>();

        @Override
        public void cleared() {}

        @Override
        public void stored(NamespaceId namespace, BlockDigest parent, List<BlockDigest> digests) {
            Set<BlockDigest> all = content.computeIfAbsent(namespace, n -> new HashSet<>());
            assertThat(parent.equals(BlockChain.root()) || all.contains(parent)).isTrue();
            digests.forEach(digest -> assertThat(all.add(digest)).isTrue());
        }

        @Override
        public void removed(NamespaceId namespace, List<BlockDigest> digests) {
            digests.forEach(digest -> assertThat(
                            content.getOrDefault(namespace, Set.of()).remove(digest))
                    .isTrue());
        }

        int size() {
            return content.values().stream().mapToInt(Set::size).sum();
        }
    }
}
