package dev.kvern.runner.model;

/** Adds up bytes that several threads work through. Guarded by itself. */
public final class ProgressCounter {
    private final ProgressListener listener;
    private final long total;
    private long done;

    /** @param total bytes there will be in all */
    public ProgressCounter(ProgressListener listener, long total) {
        this.listener = listener;
        this.total = total;
    }

    /** Notes that so many more are done. */
    public synchronized void add(long bytes) {
        done += bytes;
        listener.progress(done, total);
    }
}
