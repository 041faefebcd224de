package dev.kvern.launcher.bench;

import dev.kvern.launcher.TextTable;
import dev.kvern.launcher.bench.PrefixTimes.Origin;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The rows of {@code bench reuse} as tables. Stateless. */
final class ReuseReport {
    static final String BREAK_EVEN = "break-even";

    private ReuseReport() {}

    static String text(List<Integer> lengths, BenchRows rows) {
        String breakEven = rows.find(BREAK_EVEN, Origin.CLUSTER.toString())
                .map(row -> "a prefix is worth fetching from "
                        + (long) row.samples().median() + " tokens on")
                .orElse("no prefix that was measured is worth fetching");
        return String.join(
                System.lineSeparator(),
                "milliseconds to the first token: median (min-max)",
                "",
                prefixes(lengths, rows),
                "",
                breakEven + ": " + Origin.CLUSTER + " against " + Origin.COMPUTED,
                "",
                traffic(rows));
    }

    private static String prefixes(List<Integer> lengths, BenchRows rows) {
        var origins = new ArrayList<Origin>();
        for (Origin origin : Origin.values()) {
            if (lengths.stream().anyMatch(length -> find(rows, length, origin).isPresent())) {
                origins.add(origin);
            }
        }
        var headings = new ArrayList<>(List.of("prefix"));
        origins.forEach(origin -> headings.add(origin.toString()));
        headings.add("cold over cluster");
        var table = new TextTable(headings.toArray(String[]::new));
        for (int length : lengths) {
            var cells = new ArrayList<String>();
            cells.add(String.valueOf(length));
            origins.forEach(origin ->
                    cells.add(find(rows, length, origin).map(ReuseReport::cell).orElse("")));
            cells.add(
                    find(rows, length, Origin.CLUSTER).map(EngineReport::ratio).orElse(""));
            table.add(cells.toArray());
        }
        return table.toString();
    }

    private static Optional<BenchRow> find(BenchRows rows, int length, Origin origin) {
        return rows.find(PrefixTimes.subject(length), origin.toString());
    }

    /** With a mark if not all of the prefix came from where it should have. */
    private static String cell(BenchRow row) {
        boolean hit =
                !row.variant().equals(Origin.COLD.toString()) && !row.variant().equals(Origin.COMPUTED.toString());
        double reused = row.figure("reused_tokens").orElse(0);
        String mark =
                hit && reused < row.figure("prefix_tokens").orElse(0) ? " [only " + (long) reused + " tokens]" : "";
        return BenchRows.range(row.samples()) + mark;
    }

    private static String traffic(BenchRows rows) {
        var table = new TextTable(TrafficBench.SUBJECT, "tokens/s", "of alone", "MB moved meanwhile");
        for (BenchRow row : rows.all()) {
            if (row.subject().equals(TrafficBench.SUBJECT)) {
                table.add(
                        row.variant(),
                        BenchRows.range(row.samples()),
                        EngineReport.ratio(row),
                        BenchRows.number(row.figure("moved_mb").orElse(0)));
            }
        }
        return table.toString();
    }
}
