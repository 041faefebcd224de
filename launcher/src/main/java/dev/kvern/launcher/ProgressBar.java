package dev.kvern.launcher;

import dev.kvern.runner.model.ProgressListener;

/**
 * A bar on standard error: redrawn in place on a terminal, which the kvern script tells apart, a line for each quarter
 * elsewhere. Safe for use by several
 * threads; guarded by this.
 */
final class ProgressBar implements ProgressListener, AutoCloseable {
    private static final int WIDTH = 40;
    private static final int MEBI = 1 << 20;

    private final String label;
    private final boolean terminal = Boolean.getBoolean("kvern.terminal");
    private int shownPercent = -1;

    ProgressBar(String label) {
        this.label = label;
    }

    @Override
    public synchronized void progress(long bytesDone, long bytesTotal) {
        if (LogFormat.isJson()) {
            // Nobody watches, and whoever reads the lines expects objects.
            return;
        }
        int percent = bytesTotal == 0 ? 100 : (int) (100 * bytesDone / bytesTotal);
        int step = terminal ? 1 : 25;
        if (percent / step == shownPercent / step && shownPercent >= 0) {
            return;
        }
        shownPercent = percent;
        String figures = String.format("%3d%% of %,d MiB", percent, (bytesTotal + MEBI - 1) / MEBI);
        if (terminal) {
            int full = WIDTH * percent / 100;
            System.err.print("\r" + label + " [" + "#".repeat(full) + ".".repeat(WIDTH - full) + "] " + figures);
        } else {
            System.err.println(label + ": " + figures);
        }
        System.err.flush();
    }

    @Override
    public synchronized void close() {
        if (terminal && shownPercent >= 0) {
            System.err.println();
        }
    }
}
