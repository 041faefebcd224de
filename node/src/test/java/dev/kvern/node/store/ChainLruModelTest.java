package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Blocks;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The policy beside a model that looks through everything each time, in random runs. */
class ChainLruModelTest {
    private static final int BLOCKS = 60;
    private static final int STEPS = 3_000;

    /** A block's rank is the last use of it or of any block behind it; the lowest goes, of equal ones the deepest. */
    private static final class Model {
        private final Map<Integer, Integer> parents;
        private final Map<Integer, Long> lastUse = new HashMap<>();
        private final Map<Integer, Integer> leases = new HashMap<>();
        private long clock;

        Model(Map<Integer, Integer> parents) {
            this.parents = parents;
        }

        void held(int block) {
            lastUse.put(block, ++clock);
        }

        void used(List<Integer> run) {
            clock += run.size();
            for (int i = 0; i < run.size(); i++) {
                long use = clock - i;
                lastUse.computeIfPresent(run.get(i), (block, before) -> use);
            }
        }

        void gone(int block) {
            Long use = lastUse.remove(block);
            if (use != null) {
                lastUse.computeIfPresent(parents.getOrDefault(block, 0), (parent, before) -> Math.max(before, use));
            }
        }

        Optional<Integer> takeVictim() {
            Optional<Integer> victim = lastUse.keySet().stream()
                    .filter(block -> !protectedByLease(block))
                    .min(Comparator.comparing(this::rank).thenComparing(block -> -depth(block)));
            victim.ifPresent(this::gone);
            return victim;
        }

        private boolean protectedByLease(int block) {
            return leases.getOrDefault(block, 0) > 0 || children(block).stream().anyMatch(this::protectedByLease);
        }

        private long rank(int block) {
            return Math.max(
                    lastUse.getOrDefault(block, 0L),
                    children(block).stream().mapToLong(this::rank).max().orElse(0));
        }

        private int depth(int block) {
            int parent = parents.getOrDefault(block, 0);
            return parent == 0 ? 0 : 1 + depth(parent);
        }

        private List<Integer> children(int block) {
            return lastUse.keySet().stream()
                    .filter(child -> parents.getOrDefault(child, 0) == block)
                    .toList();
        }
    }

    private record Leased(int block, EvictionPolicy.Lease lease) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void theOrderIsTheModels(long seed) {
        var random = new Random(seed);
        Map<Integer, Integer> parents = trees(random);
        var model = new Model(parents);
        var policy = new ChainLru();
        var leases = new ArrayList<Leased>();
        int evictions = 0;
        for (int step = 0; step < STEPS; step++) {
            int block = 1 + random.nextInt(BLOCKS);
            switch (random.nextInt(8)) {
                case 0, 1 -> {
                    model.held(block);
                    policy.held(Blocks.key(block), parent(parents, block), 10);
                }
                case 2 -> {
                    List<Integer> run = chainTo(parents, block, random.nextInt(4));
                    model.used(run);
                    policy.used(run.stream().map(Blocks::key).toList());
                }
                case 3 -> {
                    model.used(List.of(block));
                    policy.used(List.of(Blocks.key(block)));
                }
                case 4 -> {
                    if (random.nextInt(3) == 0) {
                        model.gone(block);
                        policy.gone(Blocks.key(block));
                    }
                }
                case 5 -> {
                    if (model.lastUse.containsKey(block)) {
                        model.leases.merge(block, 1, Integer::sum);
                        leases.add(new Leased(block, policy.lease(Blocks.key(block))));
                    }
                }
                case 6 -> {
                    if (!leases.isEmpty()) {
                        close(leases.remove(random.nextInt(leases.size())), model);
                    }
                }
                default -> evictions += evict(policy, model, parents, "seed " + seed + ", step " + step) ? 1 : 0;
            }
            assertThat(policy.size()).as("seed %d, step %d", seed, step).isEqualTo(model.lastUse.size());
        }
        assertThat(evictions).isGreaterThan(STEPS / 20);
        leases.forEach(leased -> close(leased, model));
        String atTheEnd = "seed " + seed + ", the end";
        while (evict(policy, model, parents, atTheEnd)) {
            assertThat(policy.size()).isEqualTo(model.lastUse.size());
        }
        assertThat(policy.size()).isZero();
        assertThat(policy.known()).as("what is left of blocks that are gone").isZero();
    }

    /** Evicts one of both; whether there was one. */
    private static boolean evict(ChainLru policy, Model model, Map<Integer, Integer> parents, String when) {
        Set<Integer> before = new HashSet<>(model.lastUse.keySet());
        Optional<Integer> expected = model.takeVictim();
        Optional<EvictionPolicy.Victim> victim = policy.takeVictim();
        assertThat(victim.map(EvictionPolicy.Victim::key)).as(when).isEqualTo(expected.map(Blocks::key));
        expected.ifPresent(block -> assertThat(before)
                .as("%s: a child of the evicted %d is kept", when, block)
                .noneMatch(other -> parents.getOrDefault(other, 0).equals(block)));
        return victim.isPresent();
    }

    private static void close(Leased leased, Model model) {
        leased.lease().close();
        model.leases.merge(leased.block(), -1, Integer::sum);
    }

    /** Chains with branches: each block's parent, 0 for none. */
    private static Map<Integer, Integer> trees(Random random) {
        var parents = new HashMap<Integer, Integer>();
        for (int block = 1; block <= BLOCKS; block++) {
            boolean follows = random.nextInt(4) > 0;
            int any = random.nextInt(block);
            parents.put(block, random.nextInt(10) == 0 ? 0 : follows ? block - 1 : any);
        }
        return parents;
    }

    /** A block and some of those before it, parents first. */
    private static List<Integer> chainTo(Map<Integer, Integer> parents, int block, int before) {
        var run = new ArrayList<Integer>();
        for (int at = block; at != 0 && run.size() <= before; at = parents.getOrDefault(at, 0)) {
            run.add(0, at);
        }
        return run;
    }

    private static Optional<BlockKey> parent(Map<Integer, Integer> parents, int block) {
        int parent = parents.getOrDefault(block, 0);
        return parent == 0 ? Optional.empty() : Optional.of(Blocks.key(parent));
    }
}
