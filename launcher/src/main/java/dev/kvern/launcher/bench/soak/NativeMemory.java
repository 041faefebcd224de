package dev.kvern.launcher.bench.soak;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The JVM's own account of its memory (Native Memory Tracking).
 *
 * @param committedBytes all that it accounts for, the heap included
 * @param outsideHeapBytes of that, what programs have through direct buffers and Unsafe
 */
record NativeMemory(long committedBytes, long outsideHeapBytes) {
    private static final Pattern TOTAL = Pattern.compile("Total: reserved=\\d+KB, committed=(\\d+)KB");
    private static final Pattern OTHER = Pattern.compile("-\\s+Other \\(reserved=\\d+KB, committed=(\\d+)KB\\)");
    private static final long BYTES_PER_KB = 1024;

    /** Reads what {@code jcmd PID VM.native_memory summary scale=KB} prints. */
    static NativeMemory parse(String summary) {
        Matcher total = TOTAL.matcher(summary);
        if (!total.find()) {
            throw new KvernException(
                    ErrorReason.INTERNAL,
                    "native memory summary: '" + summary.lines().findFirst().orElse("")
                            + "...' (expected: a line 'Total: reserved=...KB, committed=...KB')");
        }
        // A JVM that has given out none has no such line.
        Matcher other = OTHER.matcher(summary);
        return new NativeMemory(
                Long.parseLong(total.group(1)) * BYTES_PER_KB,
                other.find() ? Long.parseLong(other.group(1)) * BYTES_PER_KB : 0);
    }
}
