package dev.kvern.launcher.bench.store;

import dev.kvern.launcher.UsageException;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.RedisOption;
import dev.kvern.launcher.bench.Rounds;
import dev.kvern.launcher.bench.RowsOption;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Random;
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
    private static final int MIB = 1 << 20;
    private static final int MAX_WORKING_SET_MIB = 16 << 10;
    private static final List<Integer> VALUE_BYTES = List.of(256 << 10, MIB, 4 * MIB, 16 * MIB);
    private static final List<Integer> CONNECTIONS = List.of(1, 4);

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
        var settings = new StoreSettings(
                quick ? List.of(MIB) : VALUE_BYTES,
                CONNECTIONS,
                often,
                (long) workingSetMib * MIB,
                seed != null ? seed : new Random().nextInt(Integer.MAX_VALUE),
                redis.find(out));
        BenchRows rows = new StoreBench(settings, out).run();
        rowsOption.write(rows);
        return 0;
    }
}
