package dev.kvern.coordinator.stats;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * What reuse has saved runners, summed by what they compute on. An estimate, see {@link RequestRecord#savedSeconds}. Safe for use by
 * several threads; guarded by this.
 */
public final class SavedWork {
    /** What runners compute on. */
    static final List<String> USUAL_KINDS = List.of("cpu", "cuda");

    private static final int MOST_KINDS = 8;
    private static final double SECONDS_PER_HOUR = 3_600;

    private final Map<String, Sum> byKind = new TreeMap<>();

    /**
     * @param kind "cpu", "cuda"; "other" where runners do not say
     * @param tokens reused, of requests whose runner's speed was known
     * @param seconds saved by that
     * @param wattHours what the device would have drawn in them; empty where nothing says what it draws
     */
    public record Saved(String kind, long tokens, double seconds, OptionalDouble wattHours) {}

    private static final class Sum {
        private long tokens;
        private double seconds;
        private double wattHours;
        private boolean powered;
    }

    public synchronized void add(RequestRecord request) {
        OptionalDouble seconds = request.savedSeconds();
        if (seconds.isEmpty()) {
            return;
        }
        String device = request.detail().device();
        String kind = device.isEmpty() ? "other" : device.replaceAll(":.*", "");
        Sum sum = byKind.get(kind);
        if (sum == null) {
            if (byKind.size() == MOST_KINDS) {
                return;
            }
            sum = new Sum();
            byKind.put(kind, sum);
        }
        sum.tokens += request.cachedTokens();
        sum.seconds += seconds.getAsDouble();
        double watts = request.detail().powerWatts();
        if (watts > 0) {
            sum.powered = true;
            sum.wattHours += seconds.getAsDouble() * watts / SECONDS_PER_HOUR;
        }
    }

    public synchronized List<Saved> sums() {
        return byKind.keySet().stream().map(this::of).toList();
    }

    /** The sum of a kind; of none that was heard of, zero. */
    public synchronized Saved of(String kind) {
        Sum sum = byKind.getOrDefault(kind, new Sum());
        return new Saved(
                kind, sum.tokens, sum.seconds, sum.powered ? OptionalDouble.of(sum.wattHours) : OptionalDouble.empty());
    }
}
