package dev.kvern.launcher.bench.store;

import dev.kvern.launcher.UsageException;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.RedisOption;
import dev.kvern.launcher.bench.Rounds;
import dev.kvern.launcher.bench.RowsOption;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern bench store}. */
@Command(
        name = "store",
        mixinStandardHelpOptions = true,
        description = {
            "Measures how fast values are written to a cache node and read from it, beside a Redis server and a plain"
                    + " socket server, each a process of its own on this machine.",
            "Values of 256 KiB to 16 MiB over 1 and 4 connections, each written, read for the first time, and some read"
                    + " over and over: GB/s, ratios, heap bytes allocated for each payload byte, and latency."
        })
public final class StoreCommand implements Callable<Integer> {
    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;
    private static final int MAX_WORKING_SET_MIB = 16 << 10;
    private static final int MAX_CONNECTIONS = 64;
    private static final int MAX_VALUE_KIB = 64 * KIB;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "5",
            description = "How often everything is measured, after a warm-up (default: ${DEFAULT-VALUE}; at most "
                    + Rounds.QUICK + " with --quick).")
    private int rounds;

    @Option(
            names = "--working-set",
            paramLabel = "MIB",
            defaultValue = "256",
            description = "Payload that is written and read for each case (default: ${DEFAULT-VALUE}). Stores get four"
                    + " times as much memory.")
    private int workingSetMib;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Of the order of cases and stores (default: a random one, which is printed).")
    private @Nullable Long seed;

    @Option(
            names = "--sizes",
            paramLabel = "KIB",
            split = ",",
            defaultValue = "256,1024,4096,16384",
            description = "Sizes of values in KiB (default: ${DEFAULT-VALUE}).")
    private List<Integer> sizesKib = List.of();

    @Option(
            names = "--connections",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,4",
            description = "Numbers of connections (default: ${DEFAULT-VALUE}).")
    private List<Integer> connections = List.of();

    @Option(
            names = "--stores",
            paramLabel = "NAME",
            split = ",",
            description = "kvern, unix (the same node over its Unix socket), redis, socket (default: all).")
    private @Nullable Set<StoreKind> stores;

    @Option(names = "--quick", description = "1 MiB only and 2 rounds: to see that it works, not to quote.")
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
        if (workingSetMib < 1 || workingSetMib > MAX_WORKING_SET_MIB) {
            throw new UsageException(
                    "--working-set: " + workingSetMib + " (expected: 1 to " + MAX_WORKING_SET_MIB + " MiB)");
        }
        Set<StoreKind> chosen = EnumSet.noneOf(StoreKind.class);
        chosen.addAll(stores != null ? stores : EnumSet.allOf(StoreKind.class));
        Path server = chosen.contains(StoreKind.REDIS) ? redis.find(out) : null;
        if (server == null) {
            chosen.remove(StoreKind.REDIS);
        }
        var settings = new StoreSettings(
                quick ? List.of(MIB) : ascending("--sizes", sizesKib, MAX_VALUE_KIB, KIB),
                ascending("--connections", connections, MAX_CONNECTIONS, 1),
                chosen,
                often,
                (long) workingSetMib * MIB,
                seed != null ? seed : new Random().nextInt(Integer.MAX_VALUE),
                server);
        BenchRows rows = new StoreBench(settings, out).run();
        rowsOption.write(rows);
        return 0;
    }

    private static List<Integer> ascending(String option, List<Integer> values, int most, int unit) {
        for (int value : values) {
            if (value < 1 || value > most) {
                throw new UsageException(option + ": " + value + " (expected: 1 to " + most + ")");
            }
        }
        return values.stream().distinct().sorted().map(value -> value * unit).toList();
    }
}
