package dev.kvern.launcher.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A benchmark's rows as they come. Confined to a thread. */
public final class BenchRows {
    private final String bench;
    private final Map<String, Object> setting;
    private final List<BenchRow> rows = new ArrayList<>();

    /** @param setting what holds for every row, such as the number of threads */
    public BenchRows(String bench, Map<String, Object> setting) {
        this.bench = bench;
        this.setting = Map.copyOf(setting);
    }

    public BenchRow row(String subject, String variant, String unit, Samples samples) {
        return new BenchRow(bench, subject, variant, unit, samples, setting);
    }

    public void add(BenchRow row) {
        rows.add(row);
    }

    public List<BenchRow> all() {
        return List.copyOf(rows);
    }

    public Optional<BenchRow> find(String subject, String variant) {
        return rows.stream()
                .filter(r -> r.subject().equals(subject) && r.variant().equals(variant))
                .findFirst();
    }

    /** An array of all rows. */
    void writeJson(Path file) throws IOException {
        new ObjectMapper()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .writeValue(file.toFile(), rows.stream().map(BenchRow::toJson).toList());
    }

    /** Median and range: {@code 12.3 (11.8-13.0)}. */
    static String range(Samples samples) {
        return number(samples.median()) + " (" + number(samples.min()) + "-" + number(samples.max()) + ")";
    }

    /** Three digits or so, whatever the size. */
    static String number(double value) {
        double size = Math.abs(value);
        String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 0.1 || size == 0 ? "%.2f" : "%.1e";
        return String.format(Locale.ROOT, format, value);
    }
}
