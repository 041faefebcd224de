package dev.kvern.launcher.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * One line of a benchmark's result.
 *
 * @param bench the benchmark: "engine", "reuse", "scale", "soak", "store"
 * @param subject what was measured, such as "prefill 512"
 * @param variant who or how, such as "kvern fp32"
 * @param unit of the samples
 * @param more further figures by name: "ratio" and the like
 */
public record BenchRow(
        String bench, String subject, String variant, String unit, Samples samples, Map<String, Object> more) {
    public BenchRow {
        more = Map.copyOf(more);
    }

    /** This row with one more figure. */
    public BenchRow with(String name, Object value) {
        var figures = new LinkedHashMap<>(more);
        figures.put(name, value);
        return new BenchRow(bench, subject, variant, unit, samples, figures);
    }

    /** This row with how it relates to another: the medians' ratio, and the range of the ratios of neighbouring samples. */
    public BenchRow withRatio(Samples ratio, double ofMedians) {
        return with("ratio", ofMedians).with("ratio_min", ratio.min()).with("ratio_max", ratio.max());
    }

    /** One of the further figures. */
    public OptionalDouble figure(String name) {
        return more.get(name) instanceof Number number
                ? OptionalDouble.of(number.doubleValue())
                : OptionalDouble.empty();
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("bench", bench);
        json.put("case", subject);
        json.put("variant", variant);
        json.put("median", samples.median());
        json.put("min", samples.min());
        json.put("max", samples.max());
        json.put("unit", unit);
        // Absent figures are null, so that every row has the same first keys.
        json.put("ratio", more.get("ratio"));
        json.put("samples", samples.values());
        more.keySet().stream()
                .sorted()
                .filter(key -> !key.equals("ratio"))
                .forEach(key -> json.put(key, more.get(key)));
        return json;
    }
}
