package dev.kvern.coordinator.stats;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;

/** What someone may want to know of, each with a number that counts up from 1; bounded. Safe for use by several threads; guarded by this. */
public final class EventLog {
    private static final int MOST_CHARACTERS = 1_000;

    private final int capacity;
    private final LongSupplier epochMillis;
    private final Deque<Event> events = new ArrayDeque<>();
    private long added;

    /** What an event is about. */
    public enum Kind {
        /** A member joined, left or changed its state. */
        MEMBER,
        /** A request failed. */
        REQUEST
    }

    /** How much it matters. */
    public enum Severity {
        INFO,
        WARNING,
        ERROR
    }

    /**
     * @param atMillis since the epoch
     * @param subject a member's or a request's id
     */
    public record Event(long sequence, long atMillis, Kind kind, Severity severity, String subject, String text) {}

    public EventLog(int capacity, LongSupplier epochMillis) {
        this.capacity = capacity;
        this.epochMillis = epochMillis;
    }

    public synchronized void add(Kind kind, Severity severity, String subject, String text) {
        if (events.size() == capacity) {
            events.removeLast();
        }
        String cut = text.length() > MOST_CHARACTERS ? text.substring(0, MOST_CHARACTERS) : text;
        events.addFirst(new Event(++added, epochMillis.getAsLong(), kind, severity, subject, cut));
    }

    public synchronized long added() {
        return added;
    }

    /** Those with numbers above {@code sequence}, newest first; 0 for all there are. */
    public synchronized List<Event> after(long sequence) {
        return events.stream().takeWhile(event -> event.sequence() > sequence).toList();
    }
}
