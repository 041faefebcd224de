package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.TextTable;
import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.Latencies;
import dev.kvern.launcher.bench.Samples;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** The rows of {@code bench scale} as tables. Stateless. */
final class ScaleReport {
    private ScaleReport() {}

    static String text(BenchRows rows) {
        var tables = new ArrayList<String>();
        List<BenchRow> fill = of(rows, FillResults.FILL);
        if (!fill.isEmpty()) {
            tables.add(fill(fill));
        }
        List<BenchRow> join = of(rows, JoinResults.JOIN);
        if (!join.isEmpty()) {
            tables.add(join(join));
        }
        List<BenchRow> nodes = of(rows, NodesPart.NODES);
        if (!nodes.isEmpty()) {
            tables.add(nodes(nodes));
        }
        return String.join(String.format("%n%n"), tables);
    }

    private static List<BenchRow> of(BenchRows rows, String part) {
        return rows.all().stream()
                .filter(row -> part.equals(row.more().get(FillResults.PART)))
                .toList();
    }

    private static String fill(List<BenchRow> rows) {
        var table = new TextTable(
                "fill",
                "store",
                "blocks",
                "median (min-max)",
                "unit",
                "of small",
                "p50 ms",
                "p99 ms",
                "small p99",
                "client",
                "server",
                "times redis");
        for (BenchRow row : rows) {
            table.add(
                    row.subject(),
                    row.variant(),
                    String.format(
                            Locale.ROOT, "%,.0f", row.figure(FillResults.SIZE).orElse(0)),
                    range(row.samples(), "%,.0f"),
                    row.unit(),
                    ratio(row),
                    fixed(row, Latencies.figure(50)),
                    fixed(row, Latencies.figure(99)),
                    fixed(row, FillResults.SMALL_P99),
                    fixed(row, FillResults.CLIENT_CPU),
                    fixed(row, FillResults.SERVER_CPU),
                    fixed(row, FillResults.TIMES_REDIS));
        }
        return table
                + String.format(
                        "%n%nof small: over what a store of the same kind did beside it, in the same rounds, that"
                                + " holds no more than the first number of blocks. client, server: milliseconds of processor for an operation. Nothing was evicted.");
    }

    private static String join(List<BenchRow> rows) {
        var table = new TextTable(
                "join and leave",
                "",
                "requests",
                "p50 ms",
                "p99 ms",
                "max ms",
                "not found",
                "late",
                "moved MB",
                "MB/s");
        String lost = "";
        for (BenchRow row : rows) {
            if (row.subject().equals(JoinResults.LOST)) {
                lost = String.format(
                        Locale.ROOT, "%n%nblocks lost: %.0f", row.samples().median());
                continue;
            }
            table.add(
                    row.subject(),
                    row.variant(),
                    whole(row, "requests"),
                    fixed(row, Latencies.figure(50)),
                    fixed(row, Latencies.figure(99)),
                    fixed(row, Latencies.figure(100)),
                    whole(row, JoinResults.NOT_FOUND),
                    whole(row, JoinResults.LATE),
                    whole(row, JoinResults.MOVED_MB),
                    whole(row, JoinResults.MOVED_MB_PER_SECOND));
        }
        return table + lost;
    }

    private static String nodes(List<BenchRow> rows) {
        var table = new TextTable(
                "nodes",
                "clients",
                "GB/s: median (min-max)",
                "times 1 node",
                "p50 ms",
                "p99 ms",
                "busy of a node",
                "of clients");
        for (BenchRow row : rows) {
            table.add(
                    row.subject(),
                    whole(row, "clients"),
                    range(row.samples(), "%.3f"),
                    ratio(row),
                    fixed(row, Latencies.figure(50)),
                    fixed(row, Latencies.figure(99)),
                    fixed(row, NodesPart.NODE_PROCESSORS),
                    fixed(row, NodesPart.CLIENT_PROCESSORS));
        }
        return table + String.format("%n%nbusy: processors used, by each node and by all clients.");
    }

    private static String range(Samples samples, String format) {
        String median = String.format(Locale.ROOT, format, samples.median());
        return samples.values().size() == 1
                ? median
                : median + String.format(Locale.ROOT, " (" + format + "-" + format + ")", samples.min(), samples.max());
    }

    private static String ratio(BenchRow row) {
        return row.figure("ratio").isEmpty()
                ? "-"
                : fixed(row, "ratio") + " (" + fixed(row, "ratio_min") + "-" + fixed(row, "ratio_max") + ")";
    }

    private static String fixed(BenchRow row, String name) {
        return number(row, name, "%.2f");
    }

    private static String whole(BenchRow row, String name) {
        return number(row, name, "%.0f");
    }

    private static String number(BenchRow row, String name, String format) {
        OptionalDouble value = row.figure(name);
        return value.isEmpty() ? "-" : String.format(Locale.ROOT, format, value.getAsDouble());
    }
}
