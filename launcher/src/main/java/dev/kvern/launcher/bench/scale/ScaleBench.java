package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.TemporaryDirectory;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Map;

/** Runs {@code bench scale} against servers of its own. Confined to a thread. */
final class ScaleBench {
    private final ScaleSettings settings;
    private final PrintStream out;

    ScaleBench(ScaleSettings settings, PrintStream out) {
        this.settings = settings;
        this.out = out;
    }

    BenchRows run() throws IOException {
        var rows = new BenchRows(
                "scale",
                Map.of(
                        "seed", settings.seed(),
                        "rounds", settings.rounds(),
                        "processors", Runtime.getRuntime().availableProcessors()));
        try (var directory = TemporaryDirectory.create("kvern-bench-")) {
            out.println("logs in " + directory.path() + "; seed " + settings.seed());
            var starter = ServiceStarter.fromOwnClassPath(directory.path());
            if (settings.parts().contains(ScaleSettings.Part.FILL)) {
                new FillPart(settings, starter, out).run(rows);
            }
            if (settings.parts().contains(ScaleSettings.Part.JOIN)) {
                new JoinPart(settings, starter, out).run(rows);
            }
            if (settings.parts().contains(ScaleSettings.Part.NODES)) {
                new NodesPart(settings, starter, out).run(rows);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KvernException(ErrorReason.CANCELLED, "interrupted", e);
        }
        out.println();
        out.println(ScaleReport.text(rows));
        return rows;
    }
}
