package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.TextTable;
import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.Samples;
import dev.kvern.launcher.bench.soak.SoakVerdict.Measured;
import dev.kvern.launcher.bench.soak.Tally.Ending;
import dev.kvern.v1.RunnerLoad;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A soak's checkpoints and its verdict, as text and as rows. Stateless. */
final class SoakReport {
    private SoakReport() {}

    /** What was read at a checkpoint. */
    static String text(Checkpoint checkpoint) {
        var headings = new ArrayList<>(List.of("process"));
        for (Figure figure : Figure.values()) {
            headings.add(figure.title());
        }
        headings.addAll(List.of("blocks held", "cached", "tier MiB"));
        var table = new TextTable(headings.toArray(String[]::new));
        checkpoint.processes().forEach((process, figures) -> {
            var cells = new ArrayList<Object>();
            cells.add(process);
            for (Figure figure : Figure.values()) {
                cells.add(number(figure, figures.of(figure)));
            }
            cells.addAll(blocks(checkpoint, process));
            table.add(cells.toArray());
        });
        return String.format(
                Locale.ROOT, "after %,d requests, %.0f s%n%s", checkpoint.requests(), checkpoint.seconds(), table);
    }

    private static List<String> blocks(Checkpoint checkpoint, String process) {
        if (checkpoint.isRunner(process)) {
            RunnerLoad load = checkpoint.runner(process);
            return List.of(
                    String.valueOf(load.getUsedBlocks()),
                    String.valueOf(load.getCachedBlocks()),
                    load.getHostCapacityBytes() == 0 ? "" : mebibytes(load.getHostUsedBytes()));
        }
        return List.of(
                "",
                "",
                checkpoint.isNode(process) ? mebibytes(checkpoint.node(process).getUsedBytes()) : "");
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f", Figure.mebibytes(bytes));
    }

    private static String number(Figure figure, double value) {
        return String.format(Locale.ROOT, figure.unit().isEmpty() ? "%.0f" : "%.1f", value);
    }

    /** The end: growth, what happened, what is wrong. */
    static String text(SoakVerdict verdict, SoakPaths paths, Tally tally) {
        var growth = new TextTable("process", "figure", "least", "most", "at the end", "growth 20-100 %", "limit", "");
        for (Measured each : verdict.growths()) {
            if (each.figure().judged()) {
                growth.add(
                        each.process(),
                        each.figure().title() + each.figure().unitAfter(", "),
                        number(each.figure(), samples(each).min()),
                        number(each.figure(), samples(each).max()),
                        number(each.figure(), each.last()),
                        String.format(Locale.ROOT, "%+.2f", each.growth()),
                        number(each.figure(), each.limit()),
                        each.tooMuch() ? "TOO MUCH" : "flat");
            }
        }
        var happened = new TextTable("what happened", "times");
        for (Ending ending : Ending.values()) {
            happened.add(ending.title(), String.format(Locale.ROOT, "%,d", tally.count(ending)));
        }
        paths.counts().forEach((path, count) -> happened.add(path, String.format(Locale.ROOT, "%,d", count)));
        happened.add("prompts answered", String.format(Locale.ROOT, "%,d", tally.prompts()));
        happened.add(
                "tokens equal to those of the first answer", String.format(Locale.ROOT, "%,d", tally.comparedTokens()));
        String end = verdict.passed()
                ? "passed: memory is flat, no block is held, no token changed"
                : "FAILED:" + System.lineSeparator() + "  "
                        + String.join(System.lineSeparator() + "  ", verdict.failures());
        return String.join(System.lineSeparator(), growth.toString(), "", happened.toString(), "", end);
    }

    /** A row for each figure of each process, its samples those of the checkpoints; then counts; then the verdict. */
    static void addTo(BenchRows rows, SoakVerdict verdict, SoakPaths paths, Tally tally) {
        for (Measured each : verdict.growths()) {
            var row = rows.row(
                            each.process(), each.figure().title(), each.figure().unit(), samples(each))
                    .with("growth", each.growth())
                    .with("judged", each.figure().judged());
            rows.add(each.figure().judged() ? row.with("limit", each.limit()).with("flat", !each.tooMuch()) : row);
        }
        paths.counts().forEach((path, count) -> rows.add(count(rows, path, count)));
        for (Ending ending : Ending.values()) {
            rows.add(count(rows, ending.title(), tally.count(ending)));
        }
        rows.add(count(rows, "tokens equal to the first answer's", tally.comparedTokens()));
        rows.add(count(rows, "answers that changed", tally.changedAnswers()));
        rows.add(rows.row("verdict", "", "failures", new Samples(List.of((double)
                        verdict.failures().size())))
                .with("passed", verdict.passed())
                .with("failures", verdict.failures()));
    }

    private static BenchRow count(BenchRows rows, String what, long count) {
        return rows.row("count", what, "", new Samples(List.of((double) count)));
    }

    private static Samples samples(Measured measured) {
        return new Samples(measured.values());
    }

    /** What holds for every row. */
    static Map<String, Object> setting(SoakSettings settings) {
        return Map.of("requests", settings.requests(), "seed", settings.seed());
    }
}
