package dev.kvern.launcher.bench.store;

import dev.kvern.launcher.TextTable;
import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.Latencies;
import dev.kvern.launcher.bench.Samples;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** The rows of {@code bench store} as a table. Stateless. */
final class StoreReport {
    private StoreReport() {}

    static String table(BenchRows rows) {
        var headings = new ArrayList<>(
                List.of("case", "store", "GB/s: median (min-max)", "times redis", "times socket", "client", "node"));
        StoreResults.PERCENTILES.forEach(percent -> headings.add("p" + percent + " ms"));
        var table = new TextTable(headings.toArray(String[]::new));
        for (BenchRow row : rows.all()) {
            var cells = new ArrayList<>(List.of(
                    row.subject(),
                    row.variant(),
                    speed(row.samples()),
                    ratio(row, "ratio"),
                    ratio(row, StoreResults.TIMES_SOCKET),
                    fixed(row, StoreResults.CLIENT_ALLOCATED),
                    fixed(row, StoreResults.NODE_ALLOCATED)));
            StoreResults.PERCENTILES.forEach(percent -> cells.add(fixed(row, Latencies.figure(percent))));
            table.add(cells.toArray());
        }
        return table
                + String.format("%n%nclient, node: heap bytes allocated for each payload byte (n/a: nobody can tell).");
    }

    private static String speed(Samples samples) {
        return String.format(Locale.ROOT, "%.3f (%.3f-%.3f)", samples.median(), samples.min(), samples.max());
    }

    /** The ratio and its range. */
    private static String ratio(BenchRow row, String name) {
        return row.figure(name).isEmpty()
                ? "n/a"
                : fixed(row, name) + " (" + fixed(row, name + "_min") + "-" + fixed(row, name + "_max") + ")";
    }

    private static String fixed(BenchRow row, String name) {
        OptionalDouble value = row.figure(name);
        return value.isEmpty() ? "n/a" : String.format(Locale.ROOT, "%.2f", value.getAsDouble());
    }
}
