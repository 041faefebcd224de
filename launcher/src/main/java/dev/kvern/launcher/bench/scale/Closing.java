package dev.kvern.launcher.bench.scale;

import java.io.PrintStream;
import java.util.Deque;

/** Closes what was opened. Stateless. */
final class Closing {
    private Closing() {}

    /** The last one opened first, all of them. */
    static void all(Deque<AutoCloseable> opened, PrintStream out) {
        for (AutoCloseable each : opened) {
            try {
                each.close();
            } catch (Exception e) {
                out.println("not closed: " + e);
            }
        }
        opened.clear();
    }
}
