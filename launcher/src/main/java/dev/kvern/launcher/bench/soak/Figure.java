package dev.kvern.launcher.bench.soak;

/** What is read of a process at each checkpoint, and how much more of it there may be at the soak's end. */
enum Figure {
    /** All resident memory. Files that are mapped count too, and go when others need the room: it is shown, not judged. */
    RESIDENT("resident", "MiB", Double.NaN),

    /** Resident memory that is no file's. The heap is fixed and touched at the start, so what grows here is not Java's heap. */
    ANONYMOUS("anonymous", "MiB", 16),

    /** Live objects: what the heap holds after a collection. */
    HEAP("heap after GC", "MiB", 1),

    /** What the JVM gives out beside the heap: direct buffers, Netty's arenas, Ignite's region. */
    DIRECT("direct", "MiB", 8),

    /** Anonymous memory that the JVM does not account for: libtorch's, the tokenizer's, what malloc keeps. */
    NATIVE("native", "MiB", Double.NaN),

    THREADS("threads", "", 4),

    /** File descriptors, sockets among them. */
    FILES("files", "", 8);

    private static final double BYTES_PER_MIB = 1 << 20;

    private final String title;
    private final String unit;
    private final double mostGrowth;

    Figure(String title, String unit, double mostGrowth) {
        this.title = title;
        this.unit = unit;
        this.mostGrowth = mostGrowth;
    }

    String title() {
        return title;
    }

    /** "MiB", or empty for counts. */
    String unit() {
        return unit;
    }

    /** The unit after what comes between; empty for counts. */
    String unitAfter(String separator) {
        return unit.isEmpty() ? "" : separator + unit;
    }

    /** Whether growth of it fails a soak. */
    boolean judged() {
        return !Double.isNaN(mostGrowth);
    }

    /** Most growth of a long soak, in the figure's unit; NaN if it is not judged. */
    double mostGrowth() {
        return mostGrowth;
    }

    static double mebibytes(double bytes) {
        return bytes / BYTES_PER_MIB;
    }
}
