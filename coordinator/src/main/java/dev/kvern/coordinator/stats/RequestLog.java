package dev.kvern.coordinator.stats;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The last requests, newest first; bounded. Safe for use by several threads; guarded by this. */
public final class RequestLog {
    private final int capacity;
    private final Deque<RequestRecord> records = new ArrayDeque<>();

    public RequestLog(int capacity) {
        this.capacity = capacity;
    }

    public synchronized void add(RequestRecord record) {
        if (records.size() == capacity) {
            records.removeLast();
        }
        records.addFirst(record);
    }

    public synchronized List<RequestRecord> newest(int count) {
        return records.stream().limit(count).toList();
    }
}
