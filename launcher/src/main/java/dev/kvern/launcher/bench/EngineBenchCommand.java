package dev.kvern.launcher.bench;

import dev.kvern.launcher.UsageException;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.LoadOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern bench engine}. */
@Command(
        name = "engine",
        mixinStandardHelpOptions = true,
        description = {
            "Compares the runner's engine with Hugging Face's transformers: same machine, threads, checkpoint and precision.",
            "Prefill, decode and a batch of mixed requests are timed in interleaved rounds. Prefill is also related to this"
                    + " machine's matrix products, decode to its memory bandwidth, both measured in the same rounds; weight"
                    + " formats are compared with fp32 by what they say."
        })
final class EngineBenchCommand implements Callable<Integer> {
    private static final List<String> ALL_TYPES = List.of("fp32", "bf16", "fp16", "int8");

    @Mixin
    private ModelOption model = new ModelOption();

    @Option(
            names = "--python",
            paramLabel = "PATH",
            defaultValue = "${env:KVERN_PYTHON:-python3}",
            description =
                    "Interpreter that can import torch and transformers (default: KVERN_PYTHON, else python3). Without"
                            + " one, only Kvern is measured.")
    private String python = "";

    @Option(names = "--device", defaultValue = "cpu", description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private String device = "";

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            split = ",",
            description =
                    "Compute types, such as fp32,bf16 (default: all that the device has). One that transformers does"
                            + " not compute in is compared with its fp32.")
    private List<String> types = new ArrayList<>();

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "CPU threads of both; 0: as many as the machine has processors (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "5",
            description =
                    "How often everything is measured, after a warm-up (default: ${DEFAULT-VALUE}; 2 with --quick).")
    private int rounds;

    @Option(
            names = "--quick",
            description = "Short prompts, few tokens and 2 rounds: to see that it works, not to quote.")
    private boolean quick;

    @Mixin
    private RowsOption rowsOption = new RowsOption();

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException {
        rowsOption.check();
        int often = Rounds.of(rounds, quick);
        if (threads < 0) {
            throw new UsageException("--threads: " + threads + " (expected: at least 0)");
        }
        DeviceSpec spec = DeviceSpec.parse(device);
        var settings = new EngineBench.Settings(
                spec,
                python,
                types(spec),
                threads > 0 ? threads : Runtime.getRuntime().availableProcessors(),
                often,
                quick);
        BenchRows rows = new EngineBench(model.directory(spec, out), settings, out).run();
        rowsOption.write(rows);
        return 0;
    }

    /** fp32 first: it is what the others are compared with. */
    private List<String> types(DeviceSpec spec) {
        var chosen = new LinkedHashSet<String>();
        for (String type : ALL_TYPES) {
            if (types.isEmpty() ? known(type, spec) : types.contains(type)) {
                chosen.add(type);
            }
        }
        chosen.addAll(types);
        chosen.forEach(type -> LoadOptions.of(spec.toString(), type, 0, 1));
        return List.copyOf(chosen);
    }

    private static boolean known(String type, DeviceSpec spec) {
        try {
            LoadOptions.of(spec.toString(), type, 0, 1);
            return true;
        } catch (KvernException e) {
            return false;
        }
    }
}
