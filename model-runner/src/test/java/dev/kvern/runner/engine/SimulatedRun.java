package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.kvern.rpc.KvernException;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.PinnedBlock;
import dev.kvern.runner.kv.PoolInvariants;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.FetchPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * One random schedule: requests of all kinds arrive, are cancelled, stall and run into deadlines while a scheduler with a
 * pool too small for them is taken turn by turn through all of it, on a clock that is moved; now and then the device has no
 * memory, and in some schedules a token makes the model compute what is no number. After every turn all that must always hold
 * is checked. The seed decides everything. Confined to one thread.
 */
final class SimulatedRun {
    private static final int BLOCK = 4;
    private static final int CHUNK = 8;
    private static final KeySpace KEYS = new KeySpace(new ArithmeticModel(BLOCK, CHUNK).spec(), BLOCK, CHUNK);
    private static final long TURN_NANOS = 1_000_000;
    private static final String[] TENANTS = {"", "a", "b"};

    final EngineCounters counters = new EngineCounters();
    int completed;

    private final long seed;
    private final Random random;
    private final ArithmeticModel model = new ArithmeticModel(BLOCK, CHUNK);
    private final ArithmeticModel.Memory memory;
    private final BlockPool pool;
    private final SimulatedTier tier;
    private final EngineOptions options;
    private final EngineLoop loop;
    private final List<Simulated> requests = new ArrayList<>();
    private long now = 1;
    private int turn;

    /** The token that breaks the arithmetic; -1 for none. */
    private final int broken;

    SimulatedRun(long seed) {
        this.seed = seed;
        this.random = new Random(seed);
        int blocks = 10 + random.nextInt(20);
        memory = model.allocate(blocks);
        pool = new BlockPool(blocks);
        tier = new SimulatedTier(random, memory);
        int shortages = random.nextInt(3) == 0 ? 10 : 0;
        model.noMemoryFor = rows -> random.nextInt(100) < shortages;
        broken = random.nextInt(20) == 0 ? random.nextInt(ArithmeticModel.VOCABULARY) : -1;
        model.defects = (token, position) -> token != broken
                ? ArithmeticModel.Defect.NONE
                : position % 2 == 0 ? ArithmeticModel.Defect.KEYS_AND_VALUES : ArithmeticModel.Defect.LOGITS;
        options = new EngineOptions(
                BLOCK,
                CHUNK,
                CHUNK * (1 + random.nextInt(4)),
                1 + random.nextInt(6),
                64,
                5,
                40,
                random.nextInt(4) == 0);
        loop = new EngineLoop(
                model,
                memory,
                pool,
                tier,
                tier,
                KEYS,
                options,
                new FetchPlanner(
                        FetchPolicy.values()[random.nextInt(FetchPolicy.values().length)],
                        CHUNK,
                        options.chunkBlocks() * memory.blockBytes()),
                counters,
                new DrainRate(),
                new EnginePulse(),
                () -> now);
    }

    /** Runs it to its end. */
    void run() {
        try {
            int toCome = 2 + random.nextInt(9);
            while (toCome > 0) {
                if (random.nextInt(3) > 0) {
                    int burst = Math.min(toCome, 1 + random.nextInt(3));
                    toCome -= burst;
                    for (int i = 0; i < burst; i++) {
                        arrive();
                    }
                }
                turn();
            }
            long work = requests.stream().mapToLong(Simulated::steps).sum();
            // Each token and chunk once, as often again for preemptions, and the longest stalls.
            int last = turn + (int) (6 * work) + 200;
            while (requests.stream().anyMatch(request -> !request.over)) {
                turn();
                if (turn > last) {
                    fail("not at an end after %d turns: %s", turn, unfinished());
                }
            }
            for (int idle = 0; idle < 400 && (loop.turn() || pool.usage().used() > 0); idle++) {
                tier.pass();
            }
            assertThat(pool.usage().used()).as("blocks held at the end").isZero();
            assertThat(loop.scheduler().idle()).isTrue();
            assertThat(loop.scheduler().waiting().promptTokens()).isZero();
            PoolInvariants.check(pool);
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed " + seed + ", turn " + turn + ": " + e.getMessage(), e);
        }
    }

    private void arrive() {
        int room = pool.capacity() * BLOCK;
        int[] shared = EngineRig.prompt(random.nextInt(3), random.nextInt(Math.min(40, room - 2)));
        int[] prompt =
                Arrays.copyOf(shared, shared.length + 1 + random.nextInt(Math.min(20, room - shared.length - 1)));
        for (int i = shared.length; i < prompt.length; i++) {
            prompt[i] = random.nextInt(ArithmeticModel.VOCABULARY);
        }
        int count = 1 + random.nextInt(Math.min(30, room - prompt.length));
        var task = new GenerationTask(
                "simulated",
                prompt,
                OptionalInt.of(count),
                TENANTS[random.nextInt(TENANTS.length)],
                random.nextInt(8) > 0,
                random.nextInt(8) > 0,
                random.nextInt(8) > 0,
                random.nextInt(8) == 0 ? OptionalLong.of(now + random.nextInt(60) * TURN_NANOS) : OptionalLong.empty(),
                random.nextInt(3) == 0 ? random.nextInt(21) - 10 : 0);
        var request = new Simulated(task, count, requests.size());
        requests.add(request);
        loop.add(request.sequence);
    }

    private void turn() {
        turn++;
        now += TURN_NANOS;
        tier.pass();
        for (Simulated request : requests) {
            request.pass();
        }
        loop.turn();
        check();
    }

    private void check() {
        PoolInvariants.check(pool);
        assertThat(memory.anyNotFinite())
                .as("what is no number is left in the pool")
                .isFalse();
        assertThat(loop.scheduler().running().size()).isLessThanOrEqualTo(options.maxRunning());
        var writable = new BitSet();
        var complete = new BitSet();
        for (Simulated request : requests) {
            BlockTable table = request.sequence.prompt.table;
            boolean running = loop.scheduler().running().contains(request.sequence);
            if (!running && table.size() > 0) {
                fail("a request that is not running holds %d blocks", table.size());
            }
            if (running && request.over) {
                fail("a request that is over runs");
            }
            for (int i = 0; i < table.size(); i++) {
                boolean own = table.writable(i, i + 1).isPresent();
                int index = table.indices()[i];
                if (writable.get(index) || (own && complete.get(index))) {
                    fail("block %d is written by one and held by another", index);
                }
                (own ? writable : complete).set(index);
            }
        }
        for (PinnedBlock pin : tier.pins()) {
            complete.set(pin.index());
        }
        int held = writable.cardinality() + complete.cardinality();
        int used = pool.usage().used();
        // What is computed again for others holds blocks too.
        if (options.shareGenerated() ? used < held : used != held) {
            fail("%d blocks are in use (expected: %d)", used, held);
        }
    }

    private String unfinished() {
        return requests.stream()
                .filter(request -> !request.over)
                .map(request -> request.sequence.phase + " " + request.sequence.length() + "/"
                        + request.task.prompt().length + "+" + request.count)
                .toList()
                .toString();
    }

    /** A request and its caller. */
    private final class Simulated implements TokenStream {
        final GenerationTask task;
        final int count;
        final int[] expected;
        final Sequence sequence;
        boolean over;
        private int given;
        private int notReadyFor;
        private final int patience = random.nextInt(10) == 0 ? 1 + random.nextInt(20) : Integer.MAX_VALUE;
        private final boolean staller = random.nextInt(6) == 0;

        Simulated(GenerationTask task, int count, long order) {
            int[] prompt = task.prompt();
            this.task = task;
            this.count = count;
            this.expected = model.expected(prompt, count);
            var text = new Prompt(prompt, KEYS.keys(prompt, task.salt()), task.readLocal(), task.write(), CHUNK, true);
            this.sequence = new Sequence(task, this, text, order, count, now, options.ageingMillis() * 1_000_000L);
        }

        long steps() {
            return task.prompt().length / CHUNK + 1 + count;
        }

        void pass() {
            notReadyFor -= notReadyFor > 0 ? 1 : 0;
            if (staller && notReadyFor == 0 && random.nextInt(10) == 0) {
                notReadyFor = 1 + random.nextInt(random.nextInt(10) == 0 ? 60 : 8);
            }
            if (now - sequence.arrivedAt > (long) patience * TURN_NANOS) {
                sequence.cancelled = true;
            }
        }

        @Override
        public Choice next(float[] logits) {
            assertThat(over).as("after its end").isFalse();
            assertThat(given == 0 || ready())
                    .as("a token for a reader that takes none")
                    .isTrue();
            int best = 0;
            for (int i = 1; i < logits.length; i++) {
                best = logits[i] > logits[best] ? i : best;
            }
            if (best != expected[given]) {
                fail("token %d of %s: %d (expected: %d)", given, task, best, expected[given]);
            }
            given++;
            return new Choice(best, false);
        }

        @Override
        public boolean ready() {
            return notReadyFor == 0;
        }

        @Override
        public void finished(Ending ending, Usage usage) {
            end();
            completed++;
            assertThat(given).isEqualTo(count);
            assertThat(usage.localTokens() + usage.clusterTokens() + usage.computedTokens())
                    .isEqualTo(task.prompt().length);
            SpanSums.check(usage);
        }

        @Override
        public void failed(KvernException failure) {
            end();
            boolean meant = switch (failure.reason()) {
                case CANCELLED -> sequence.cancelled;
                case DEADLINE_EXCEEDED -> task.deadlineNanos().isPresent();
                case RESOURCE_EXHAUSTED -> staller;
                case INTERNAL ->
                    IntStream.concat(Arrays.stream(task.prompt()), Arrays.stream(expected))
                            .anyMatch(token -> token == broken);
                default -> false;
            };
            if (!meant) {
                fail("%s: %s", failure.reason(), failure.getMessage());
            }
        }

        private void end() {
            if (over) {
                fail("a request ended twice");
            }
            over = true;
        }
    }
}
