package dev.kvern.coordinator.stats;

import java.util.ArrayList;
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
        String kind = kind(request);
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
            sum.wattHours += wattHours(request, seconds.getAsDouble());
        }
    }

    /** What a request's runner computes on. */
    static String kind(RequestRecord request) {
        String device = request.detail().device();
        return device.isEmpty() ? "other" : device.replaceAll(":.*", "");
    }

    /** What its device would have drawn in so many seconds; 0 if nothing says what it draws. */
    static double wattHours(RequestRecord request, double seconds) {
        return seconds * request.detail().powerWatts() / SECONDS_PER_HOUR;
    }

    public synchronized List<Saved> sums() {
        var sums = new ArrayList<Saved>();
        byKind.forEach((kind, sum) -> sums.add(new Saved(
                kind,
                sum.tokens,
                sum.seconds,
                sum.powered ? OptionalDouble.of(sum.wattHours) : OptionalDouble.empty())));
        return sums;
    }
}
