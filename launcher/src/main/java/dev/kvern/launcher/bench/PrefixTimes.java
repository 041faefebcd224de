package dev.kvern.launcher.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Times to the first token by prefix length and by where the prefix was. Confined to a thread. */
final class PrefixTimes {
    /** Where a prefix came from. */
    enum Origin {
        /** Computed, after the tier was asked in vain. */
        COLD("cold"),
        /** Computed, nobody asked. */
        COMPUTED("computed, tier not asked"),
        LOCAL("local hit"),
        HOST("host hit"),
        CLUSTER("cluster hit");

        private final String text;

        Origin(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** A length and an origin's samples, and the fewest tokens of the prefix that came from there. */
    private static final class Cell {
        final List<Double> millis = new ArrayList<>();
        int leastReused = Integer.MAX_VALUE;
    }

    private final List<Integer> lengths;
    private final Map<Integer, Map<Origin, Cell>> cells = new LinkedHashMap<>();

    PrefixTimes(List<Integer> lengths) {
        this.lengths = List.copyOf(lengths);
        lengths.forEach(length -> cells.put(length, new LinkedHashMap<>()));
    }

    /** @param reused tokens that came from where they should have */
    void add(int length, Origin origin, double millis, int reused) {
        Cell cell = cells.computeIfAbsent(length, l -> new LinkedHashMap<>()).computeIfAbsent(origin, o -> new Cell());
        cell.millis.add(millis);
        cell.leastReused = Math.min(cell.leastReused, reused);
    }

    /** Adds a row for each cell; the ratio is how many times sooner than cold the token came. */
    void addTo(BenchRows rows) {
        for (int length : lengths) {
            Optional<Samples> cold = samples(length, Origin.COLD);
            for (Origin origin : Origin.values()) {
                Optional<Samples> samples = samples(length, origin);
                if (samples.isEmpty()) {
                    continue;
                }
                BenchRow row = rows.row(subject(length), origin.toString(), "ms", samples.get())
                        .with("prefix_tokens", length)
                        .with("reused_tokens", reused(length, origin));
                rows.add(
                        cold.isEmpty() || origin == Origin.COLD
                                ? row
                                : row.withRatio(
                                        cold.get().over(samples.get()),
                                        cold.get().median() / samples.get().median()));
            }
        }
    }

    /** What rows of a length are called. */
    static String subject(int length) {
        return "TTFT, prefix " + length;
    }

    /**
     * The shortest prefix from which on a hit in the cluster, if it was one, comes sooner than computing with the tier left
     * alone; empty if there is none.
     */
    OptionalInt breakEven() {
        OptionalInt better = OptionalInt.empty();
        for (int i = lengths.size() - 1; i >= 0; i--) {
            int length = lengths.get(i);
            Optional<Samples> cluster = samples(length, Origin.CLUSTER);
            Optional<Samples> computed = samples(length, Origin.COMPUTED).or(() -> samples(length, Origin.COLD));
            if (cluster.isEmpty()
                    || computed.isEmpty()
                    || reused(length, Origin.CLUSTER) < length
                    || cluster.get().median() >= computed.get().median()) {
                return better;
            }
            better = OptionalInt.of(length);
        }
        return better;
    }

    private Optional<Samples> samples(int length, Origin origin) {
        return cell(length, origin).map(cell -> new Samples(cell.millis));
    }

    private int reused(int length, Origin origin) {
        return cell(length, origin).map(cell -> cell.leastReused).orElse(0);
    }

    private Optional<Cell> cell(int length, Origin origin) {
        return Optional.ofNullable(cells.getOrDefault(length, Map.of()).get(origin));
    }
}
