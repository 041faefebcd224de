package dev.kvern.coordinator.stats;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * What someone may want to know of, each with a number that counts up from 1; bounded, each kind by itself, so that many of one
 * push out none of another. Safe for use by several threads; guarded by this.
 */
public final class EventLog {
    private static final int MOST_CHARACTERS = 1_000;

    private final int capacity;
    private final LongSupplier epochMillis;

    /** Newest first. */
    private final Map<Kind, Deque<Event>> events = new EnumMap<>(Kind.class);

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

    /** @param capacity most events of each kind */
    public EventLog(int capacity, LongSupplier epochMillis) {
        this.capacity = capacity;
        this.epochMillis = epochMillis;
    }

    public synchronized void add(Kind kind, Severity severity, String subject, String text) {
        Deque<Event> alike = events.computeIfAbsent(kind, any -> new ArrayDeque<>());
        if (alike.size() == capacity) {
            alike.removeLast();
        }
        String cut = text.length() > MOST_CHARACTERS ? text.substring(0, MOST_CHARACTERS) : text;
        alike.addFirst(new Event(++added, epochMillis.getAsLong(), kind, severity, subject, cut));
    }

    public synchronized long added() {
        return added;
    }

    /** Those with numbers above {@code sequence}, newest first; 0 for all there are. */
    public synchronized List<Event> after(long sequence) {
        return events.values().stream()
                .flatMap(alike -> alike.stream().takeWhile(event -> event.sequence() > sequence))
                .sorted(Comparator.comparingLong(Event::sequence).reversed())
                .toList();
    }
}
