package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.UsageException;
import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.RedisOption;
import dev.kvern.launcher.bench.Rounds;
import dev.kvern.launcher.bench.RowsOption;
import dev.kvern.launcher.bench.scale.ScaleSettings.Part;
import java.io.IOException;
import java.io.PrintStream;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern bench scale}. */
@Command(
        name = "scale",
        mixinStandardHelpOptions = true,
        description = {
            "Measures whether the cache tier stays as fast as it was: as a node fills (beside a Redis server), as nodes"
                    + " join and leave under load, and what several nodes move in all.",
            "Fails if a stored block is not found."
        })
public final class ScaleCommand implements Callable<Integer> {
    private static final int MIB = 1 << 20;
    private static final int FIRST = 1_000;
    private static final int TEN = 10;
    private static final int MAX_FILL = 10_000_000;
    private static final int MAX_REBALANCE_MIB = 1 << 20;
    private static final int BLOCK_BYTES = 1 << 10;
    private static final int CHAIN_BLOCKS = 250;
    private static final int CONNECTIONS = 2;
    private static final int PROCESSORS_FOR_NODES = 8;
    private static final int PROCESSORS_FOR_FOUR = 16;
    private static final int MAX_CLIENTS = 256;

    /** Two nodes, and clients with as much as both. */
    private static final int LEAST_SHARES = 4;

    @Option(
            names = "--part",
            paramLabel = "PART",
            split = ",",
            description = "fill, join, nodes (default: fill and join, and nodes on a machine with "
                    + PROCESSORS_FOR_NODES + " processors or more).")
    private @Nullable Set<Part> parts;

    @Option(
            names = "--blocks",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "Up to how many blocks of 1 KiB a node is filled, from 1,000 on by steps of ten times"
                    + " (default: ${DEFAULT-VALUE}; with --quick 10,000 at most).")
    private int blocks;

    @Option(
            names = "--rebalance-mib",
            paramLabel = "MIB",
            defaultValue = "32",
            description = "rebalance.bytes_per_second of the nodes that join and leave (default: ${DEFAULT-VALUE}).")
    private int rebalanceMib;

    @Option(
            names = "--node-processors",
            paramLabel = "N",
            defaultValue = "0",
            description = "nodes: processors that each node has for itself, so that there are twice as many nodes as"
                    + " long as half of the processors are left for clients (Linux; default: 0, all share all).")
    private int nodeProcessors;

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "0",
            description = "nodes: threads that put and get (default: 0, one for each processor).")
    private int clients;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "5",
            description = "How often everything is measured, after a warm-up (default: ${DEFAULT-VALUE}; at most "
                    + Rounds.QUICK + " with --quick).")
    private int rounds;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of keys and of the order (default: a random one, which is printed).")
    private @Nullable Long seed;

    @Option(names = "--quick", description = "Few blocks and 2 rounds: to see that it works, not to quote.")
    private boolean quick;

    @Mixin
    private RedisOption redis = new RedisOption();

    @Mixin
    private RowsOption rowsOption = new RowsOption();

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException {
        rowsOption.check();
        int often = Rounds.of(rounds, quick);
        if (blocks < FIRST || blocks > MAX_FILL) {
            throw new UsageException("--blocks: " + blocks + " (expected: " + FIRST + " to " + MAX_FILL + ")");
        }
        if (rebalanceMib < 1 || rebalanceMib > MAX_REBALANCE_MIB) {
            throw new UsageException(
                    "--rebalance-mib: " + rebalanceMib + " (expected: 1 to " + MAX_REBALANCE_MIB + " MiB a second)");
        }
        int processors = Runtime.getRuntime().availableProcessors();
        if (nodeProcessors < 0 || nodeProcessors > processors / LEAST_SHARES) {
            throw new UsageException("--node-processors: " + nodeProcessors + " (expected: 0, or up to "
                    + processors / LEAST_SHARES + ", a quarter of this machine's)");
        }
        if (clients < 0 || clients > MAX_CLIENTS) {
            throw new UsageException("--clients: " + clients + " (expected: 0 to " + MAX_CLIENTS + ")");
        }
        Set<Part> chosen = parts != null ? parts : defaultParts(processors);
        var settings = new ScaleSettings(
                chosen,
                new ScaleSettings.Fill(sizes(), BLOCK_BYTES, CHAIN_BLOCKS, CONNECTIONS),
                moving(),
                nodes(processors),
                often,
                seed != null ? seed : new Random().nextInt(Integer.MAX_VALUE),
                chosen.contains(Part.FILL) ? redis.find(out) : null);
        BenchRows rows = new ScaleBench(settings, out).run();
        rowsOption.write(rows);
        return nothingLost(rows) ? 0 : 1;
    }

    private static Set<Part> defaultParts(int processors) {
        return processors >= PROCESSORS_FOR_NODES ? EnumSet.allOf(Part.class) : EnumSet.of(Part.FILL, Part.JOIN);
    }

    private List<Integer> sizes() {
        int most = quick ? Math.min(blocks, FIRST * TEN) : blocks;
        return IntStream.iterate(FIRST, size -> size <= most, size -> size * TEN)
                .boxed()
                .toList();
    }

    private ScaleSettings.Moving moving() {
        long rate = (long) rebalanceMib * MIB;
        return quick
                ? new ScaleSettings.Moving(400, 64 << 10, rate, 50, 2)
                : new ScaleSettings.Moving(2_400, 256 << 10, rate, 50, 20);
    }

    private ScaleSettings.Nodes nodes(int processors) {
        int most = nodeProcessors > 0 ? processors / 2 / nodeProcessors : processors >= PROCESSORS_FOR_FOUR ? 4 : 2;
        List<Integer> counts = IntStream.iterate(1, nodes -> nodes <= most, nodes -> 2 * nodes)
                .boxed()
                .toList();
        return new ScaleSettings.Nodes(
                counts, clients > 0 ? clients : processors, nodeProcessors, quick ? 8 : 128, MIB);
    }

    private static boolean nothingLost(BenchRows rows) {
        return rows.all().stream().allMatch(row -> none(row, JoinResults.NOT_FOUND) && !lost(row));
    }

    private static boolean none(BenchRow row, String figure) {
        return row.figure(figure).orElse(0) == 0;
    }

    private static boolean lost(BenchRow row) {
        return row.subject().equals(JoinResults.LOST) && row.samples().median() > 0;
    }
}
