package dev.kvern.launcher.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import javax.management.MBeanServerConnection;

/** A JVM's heap. Stateless. */
public final class HeapMemory {
    private HeapMemory() {}

    /** Collects garbage there; bytes that are left. */
    public static long usedAfterCollection(MBeanServerConnection jvm) throws IOException {
        MemoryMXBean memory =
                ManagementFactory.newPlatformMXBeanProxy(jvm, ManagementFactory.MEMORY_MXBEAN_NAME, MemoryMXBean.class);
        // What the first one finds dead outside the heap is given back before the second one.
        memory.gc();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed();
    }
}
