package dev.kvern.coordinator.openai;

/** Counts completions under way, and the bytes of their requests and of answers not yet sent; both are bounded. Safe for use by several threads; guarded by this. */
public final class OpenRequests {
    private final int maxRequests;
    private final long maxBytes;
    private int requests;
    private long bytes;
    private boolean draining;

    public OpenRequests(int maxRequests, long maxBytes) {
        this.maxRequests = maxRequests;
        this.maxBytes = maxBytes;
    }

    /**
     * @param size of the request, in bytes, or the most that it can be
     * @return what gives its place back
     * @throws ApiException if there is no room, or the process is stopping
     */
    synchronized Place enter(long size) {
        if (draining) {
            throw GrpcErrors.unavailable("the coordinator is stopping (expected: one that runs; try again later)")
                    .toException();
        }
        if (requests + 1 > maxRequests || bytes + size > maxBytes) {
            throw GrpcErrors.busy("requests under way: " + (requests + 1) + " of " + (bytes + size)
                            + " bytes (expected: at most " + maxRequests + ", and " + maxBytes
                            + " bytes; try again later)")
                    .toException();
        }
        requests++;
        bytes += size;
        return new Place(size);
    }

    private synchronized void leave(long size) {
        requests--;
        bytes -= size;
    }

    private synchronized boolean take(long more) {
        if (bytes + more > maxBytes) {
            return false;
        }
        bytes += more;
        return true;
    }

    /** Most bytes of all requests together. */
    long maxBytes() {
        return maxBytes;
    }

    private synchronized void giveBack(long size) {
        bytes -= size;
    }

    /** A request's place. Confined to its event loop. */
    final class Place implements AutoCloseable {
        private long size;
        private boolean left;

        private Place(long size) {
            this.size = size;
        }

        /** Gives back what the request turned out not to need. */
        void shrink(long actual) {
            if (!left && actual < size) {
                giveBack(size - actual);
                size = actual;
            }
        }

        /** Takes room for so many more bytes; false if there is none, or the place was given back. */
        boolean grow(long more) {
            if (left || !take(more)) {
                return false;
            }
            size += more;
            return true;
        }

        boolean isLeft() {
            return left;
        }

        @Override
        public void close() {
            if (!left) {
                left = true;
                leave(size);
            }
        }
    }

    /** Refuses new ones from now on. */
    public synchronized void drain() {
        draining = true;
    }

    /** Those under way. */
    public synchronized int underWay() {
        return requests;
    }
}
