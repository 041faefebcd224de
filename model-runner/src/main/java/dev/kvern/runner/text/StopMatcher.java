package dev.kvern.runner.text;

import java.util.List;

/**
 * Looks for stop texts in text that comes in pieces. Holds back the end that may turn out to be a stop text's beginning;
 * cuts before the stop text that begins first. Confined to a request's thread.
 */
public final class StopMatcher {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();

    /** @param stops none empty */
    public StopMatcher(List<String> stops) {
        this.stops = List.copyOf(stops);
    }

    /**
     * What a piece brought.
     *
     * @param emit text that is certain
     * @param stopped whether a stop text was met; nothing may follow then
     */
    public record Match(String emit, boolean stopped) {}

    /** Takes the next piece. */
    public Match push(String delta) {
        if (stops.isEmpty()) {
            return new Match(delta, false);
        }
        held.append(delta);
        int first = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
            }
        }
        // A stop text that could begin before the one found, but is not all there yet, would have to be longer than
        // what
        // follows it: then the found one lies inside it, and cutting at the found one is as early as can be known.
        if (first >= 0) {
            String emit = held.substring(0, first);
            held.setLength(0);
            return new Match(emit, true);
        }
        int certain = held.length() - longestBeginningAtEnd();
        String emit = held.substring(0, certain);
        held.delete(0, certain);
        return new Match(emit, false);
    }

    /** What was held back when no more text comes. */
    public String finish() {
        String rest = held.toString();
        held.setLength(0);
        return rest;
    }

    private int longestBeginningAtEnd() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
                if (stop.regionMatches(0, held.toString(), held.length() - n, n)) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
