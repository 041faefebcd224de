package dev.kvern.launcher.bench;

import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.ModelConfig;
import dev.kvern.runner.model.ModelDirectory;
import dev.kvern.runner.model.torch.MachineLimits;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Times Kvern's engine and transformers at the same works, one compute type after the other. Within a type every round does
 * every work with both, works in random order, the first of the two changing from round to round: what a machine does beside
 * this falls on both alike. Confined to a thread.
 */
final class EngineBench {
    private static final int SEED = 5;

    /** Where a GPU is worth having. */
    private static final int LONG_PROMPT = 16_384;

    private static final int QUALITY_POSITIONS = 256;
    private static final int QUICK_QUALITY_POSITIONS = 64;

    /**
     * What is measured.
     *
     * @param python the interpreter of the peer
     * @param types compute types, fp32 before others
     * @param threads of each contender
     * @param rounds after a warm-up
     * @param quick little work
     */
    record Settings(DeviceSpec device, String python, List<String> types, int threads, int rounds, boolean quick) {}

    private final ModelDirectory directory;
    private final ModelConfig config;
    private final Settings settings;
    private final PrintStream out;
    private final List<EngineWork> works;
    private final EngineResults results;
    private final Random random = new Random(SEED);

    /** Of the first type, on a GPU. */
    private final List<BenchRow> copied = new ArrayList<>();

    /** The logits that other formats are compared with, once fp32 has been loaded. */
    private @Nullable FormatQuality quality;

    EngineBench(Path path, Settings settings, PrintStream out) {
        this.directory = ModelDirectory.open(path);
        this.config = directory.config();
        this.settings = settings;
        this.out = out;
        this.works = fitting(works(settings, config.vocabularySize()));
        this.results = new EngineResults(
                works,
                ModelCost.of(config),
                Map.of(
                        "threads",
                        settings.threads(),
                        "device",
                        settings.device().toString()));
    }

    private static List<EngineWork> works(Settings settings, int vocabulary) {
        if (settings.quick()) {
            return List.of(
                    EngineWork.prefill(128, vocabulary),
                    EngineWork.decode(128, 17, vocabulary),
                    EngineWork.batch(4, 128, 16, vocabulary));
        }
        var works = new ArrayList<>(List.of(
                EngineWork.prefill(512, vocabulary),
                EngineWork.prefill(2048, vocabulary),
                EngineWork.decode(512, 65, vocabulary),
                EngineWork.batch(8, 1024, 128, vocabulary)));
        if (settings.device().cuda()) {
            works.add(2, EngineWork.prefill(LONG_PROMPT, vocabulary));
            works.add(4, EngineWork.decode(LONG_PROMPT, 65, vocabulary));
        }
        return works;
    }

    private List<EngineWork> fitting(List<EngineWork> all) {
        var fitting = new ArrayList<EngineWork>();
        for (EngineWork work : all) {
            if (work.longest() <= config.contextTokens()) {
                fitting.add(work);
            } else {
                out.println("left out: " + work.name() + ", beyond the model's context of " + config.contextTokens());
            }
        }
        return fitting;
    }

    BenchRows run() {
        try (MachineLimits limits = MachineLimits.open(settings.device(), settings.threads(), settings.quick())) {
            for (String type : settings.types()) {
                runType(type, limits);
            }
        }
        BenchRows rows = results.rows();
        copied.forEach(rows::add);
        out.println();
        out.println(EngineReport.table(rows));
        return rows;
    }

    private void runType(String type, MachineLimits limits) {
        out.println(type + ": loading");
        int poolTokens = works.stream().mapToInt(EngineWork::poolTokens).max().orElse(0);
        try (OwnEngine own =
                        OwnEngine.load(directory, settings.device().toString(), type, settings.threads(), poolTokens);
                @Nullable TransformersPeer peer = peer(type)) {
            results.loaded(own);
            compareFormats(type, own);
            if (settings.device().cuda() && copied.isEmpty()) {
                var rows = new BenchRows(
                        "engine", Map.of("device", settings.device().toString(), "dtype", type));
                own.copies().addTo(rows);
                copied.addAll(rows.all());
            }
            List<Contender> contenders = peer == null ? List.of(own) : List.of(own, peer);
            if (peer != null) {
                results.loaded(peer);
                results.compared(own.name(), peer.name());
            }
            warmUp(contenders);
            for (int round = 1; round <= settings.rounds(); round++) {
                out.println(type + ": round " + round + " of " + settings.rounds());
                measureLimits(type, limits);
                measure(contenders, round);
            }
        }
    }

    private @Nullable TransformersPeer peer(String type) {
        try {
            TransformersPeer peer = TransformersPeer.load(
                    settings.python(), directory, settings.device().toString(), type, settings.threads());
            out.println(type + ": beside " + peer.versions() + ", " + peer.name());
            return peer;
        } catch (KvernException e) {
            out.println(type + ": NO PEER, only Kvern is measured: " + e.getMessage()
                    + " (expected: --python with an interpreter that can import torch and transformers)");
            return null;
        }
    }

    private void compareFormats(String type, OwnEngine own) {
        int positions =
                Math.min(settings.quick() ? QUICK_QUALITY_POSITIONS : QUALITY_POSITIONS, config.contextTokens());
        if (type.equals("fp32")) {
            quality = settings.types().size() > 1 ? new FormatQuality(own, positions, config.vocabularySize()) : null;
        } else if (quality != null) {
            results.quality(own.name(), quality.compare(own));
        }
    }

    /** Also where the contenders' tokens are compared: if they do not say the same, their times mean little. */
    private void warmUp(List<Contender> contenders) {
        for (EngineWork work : works) {
            var outcomes = new ArrayList<Contender.Outcome>();
            contenders.forEach(contender -> outcomes.add(contender.run(work)));
            if (outcomes.size() == 2) {
                results.tokens(
                        contenders.get(0).name(),
                        outcomes.get(0).tokens(),
                        outcomes.get(1).tokens());
            }
        }
    }

    private void measureLimits(String type, MachineLimits limits) {
        results.readRate(limits.readBytesPerSecond());
        // A format that PyTorch multiplies in no way of its own is held against what it could be computed in.
        Set<String> known = MachineLimits.productTypes();
        for (String product : new TreeSet<>(known.contains(type) ? Set.of(type) : Set.of("fp32", "bf16"))) {
            results.productRate(product, limits.productFlops(product));
        }
    }

    private void measure(List<Contender> contenders, int round) {
        var shuffled = new ArrayList<>(works);
        Collections.shuffle(shuffled, random);
        for (EngineWork work : shuffled) {
            var order = new ArrayList<>(contenders);
            if ((round + works.indexOf(work)) % 2 == 0) {
                Collections.reverse(order);
            }
            for (Contender contender : order) {
                results.time(work, contender.name(), contender.run(work).seconds());
            }
        }
    }
}
