package dev.kvern.launcher.bench.store;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import javax.management.MBeanServerConnection;

/**
 * Heap bytes that all threads of a JVM have allocated. What a thread allocates between the last reading and its end is missed,
 * so it is read while those that work still live. Confined to a thread.
 */
final class Allocations {
    private final ThreadMXBean threads;
    private final Map<Long, Long> ofThread = new HashMap<>();
    private long total;

    private Allocations(ThreadMXBean threads) {
        this.threads = threads;
    }

    static Allocations ofThisProcess() {
        return new Allocations(ManagementFactory.getPlatformMXBean(ThreadMXBean.class));
    }

    static Allocations of(MBeanServerConnection beans) throws IOException {
        return new Allocations(ManagementFactory.newPlatformMXBeanProxy(
                beans, ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class));
    }

    /** Bytes so far, never fewer than before; empty if this JVM does not count them. */
    OptionalLong read() {
        if (!threads.isThreadAllocatedMemorySupported() || !threads.isThreadAllocatedMemoryEnabled()) {
            return OptionalLong.empty();
        }
        long[] ids = threads.getAllThreadIds();
        long[] bytes = threads.getThreadAllocatedBytes(ids);
        for (int i = 0; i < ids.length; i++) {
            // -1: ended since its number was read.
            if (bytes[i] >= 0) {
                Long before = ofThread.put(ids[i], bytes[i]);
                total += bytes[i] - (before == null ? 0 : before);
            }
        }
        return OptionalLong.of(total);
    }
}
