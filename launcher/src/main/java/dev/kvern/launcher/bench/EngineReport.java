package dev.kvern.launcher.bench;

import dev.kvern.launcher.TextTable;
import java.util.OptionalDouble;

/** The rows of {@code bench engine} as a table. Stateless. */
final class EngineReport {
    private EngineReport() {}

    static String table(BenchRows rows) {
        var table = new TextTable(
                "case", "variant", "median (min-max)", "unit", "times transformers", "of machine's limit");
        for (BenchRow row : rows.all()) {
            table.add(row.subject(), row.variant(), BenchRows.range(row.samples()), row.unit(), ratio(row), share(row));
        }
        return table
                + String.format(
                        "%n%nlimits: decode by reading every weight and every key and value once a token (%s), prefill by its"
                                + " multiplications and additions (%s of the type, or the fastest).",
                        EngineResults.READ, EngineResults.PRODUCT);
    }

    private static String share(BenchRow row) {
        OptionalDouble share = row.figure(EngineResults.LIMIT_SHARE);
        return share.isEmpty() ? "" : String.format("%.0f %%", 100 * share.getAsDouble());
    }

    /** The ratio and its range; empty if the row has none. */
    static String ratio(BenchRow row) {
        OptionalDouble ratio = row.figure("ratio");
        return ratio.isEmpty()
                ? ""
                : String.format(
                        "%.2f (%.2f-%.2f)",
                        ratio.getAsDouble(),
                        row.figure("ratio_min").orElseThrow(),
                        row.figure("ratio_max").orElseThrow());
    }
}
