package dev.kvern.coordinator.stats;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The last requests, each with a number that counts up from 1; bounded. Safe for use by several threads; guarded by this. */
public final class RequestLog {
    private final @Nullable RequestRecord[] ring;
    private long added;

    /** A request and its number. */
    public record Entry(long sequence, RequestRecord record) {}

    public RequestLog(int capacity) {
        ring = new RequestRecord[capacity];
    }

    public synchronized void add(RequestRecord record) {
        added++;
        ring[slot(added)] = record;
    }

    /** How many were added ever: the number of the newest. */
    public synchronized long added() {
        return added;
    }

    /** The newest ones, newest first. */
    public synchronized List<Entry> newest(int count) {
        return before(added + 1, count);
    }

    /** Those with the largest numbers below {@code sequence}, newest first. */
    public synchronized List<Entry> before(long sequence, int count) {
        var entries = new ArrayList<Entry>();
        long oldest = Math.max(1, added - ring.length + 1);
        for (long each = Math.min(sequence - 1, added); each >= oldest && entries.size() < count; each--) {
            entries.add(new Entry(each, at(each)));
        }
        return entries;
    }

    /** The newest one of an id. */
    public synchronized Optional<Entry> find(String requestId) {
        return before(added + 1, ring.length).stream()
                .filter(entry -> entry.record().requestId().equals(requestId))
                .findFirst();
    }

    /** The one of a number, if it is kept still. */
    public synchronized Optional<Entry> numbered(long sequence) {
        return sequence < 1 || sequence > added
                ? Optional.empty()
                : before(sequence + 1, 1).stream().findFirst();
    }

    private RequestRecord at(long sequence) {
        RequestRecord record = ring[slot(sequence)];
        if (record == null) {
            throw new IllegalStateException("no request " + sequence);
        }
        return record;
    }

    private int slot(long sequence) {
        return (int) (sequence % ring.length);
    }
}
