package dev.kvern.launcher.bench.soak;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * Reads what a JVM of ours uses, from /proc and over JMX. The JVM's management agent is started through the attach interface,
 * so services need nothing for it; it costs them some threads and a few MiB, the same at every reading. Confined to a thread.
 */
final class ProcessProbe implements AutoCloseable {
    /** Native memory tracking; and a heap that takes all of its memory at the start, so that what grows later is not it. */
    static List<String> jvmFlags(List<String> ofTheRole) {
        String heap = ofTheRole.stream()
                .filter(flag -> flag.startsWith("-Xmx"))
                .reduce((first, last) -> last)
                .orElseThrow();
        return List.of(
                "-XX:NativeMemoryTracking=summary", "-XX:+AlwaysPreTouch", "-Xms" + heap.substring("-Xmx".length()));
    }

    private final long pid;
    private final JMXConnector connector;
    private final MBeanServerConnection jvm;

    private ProcessProbe(long pid, JMXConnector connector) throws IOException {
        this.pid = pid;
        this.connector = connector;
        this.jvm = connector.getMBeanServerConnection();
    }

    // The address that is looked up is the one that the process itself has just told: one of ours, on this machine.
    @SuppressWarnings("BanJNDI")
    static ProcessProbe attach(ServiceProcess process) {
        try {
            VirtualMachine machine = VirtualMachine.attach(String.valueOf(process.pid()));
            String address;
            try {
                address = machine.startLocalManagementAgent();
            } finally {
                machine.detach();
            }
            return new ProcessProbe(process.pid(), JMXConnectorFactory.connect(new JMXServiceURL(address)));
        } catch (IOException | AttachNotSupportedException e) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE,
                    process.name() + ": " + e + " (expected: a JVM of this user's that can be attached to)",
                    e);
        }
    }

    /** Collects garbage there and reads what is left. */
    ProcessFigures read() {
        try {
            MemoryMXBean memory = ManagementFactory.newPlatformMXBeanProxy(
                    jvm, ManagementFactory.MEMORY_MXBEAN_NAME, MemoryMXBean.class);
            // What the first one finds dead outside the heap is given back before the second one.
            memory.gc();
            memory.gc();
            long heap = memory.getHeapMemoryUsage().getUsed();
            var tracked = NativeMemory.parse(nativeMemory());
            ProcStatus status = ProcStatus.read(pid);
            Map<Figure, Double> values = new EnumMap<>(Figure.class);
            values.put(Figure.RESIDENT, Figure.mebibytes(status.residentBytes()));
            values.put(Figure.ANONYMOUS, Figure.mebibytes(status.anonymousBytes()));
            values.put(Figure.HEAP, Figure.mebibytes(heap));
            values.put(Figure.DIRECT, Figure.mebibytes(tracked.outsideHeapBytes()));
            values.put(Figure.NATIVE, Figure.mebibytes(status.anonymousBytes() - tracked.committedBytes()));
            values.put(Figure.THREADS, (double) status.threads());
            values.put(Figure.FILES, (double) status.files());
            return new ProcessFigures(values);
        } catch (IOException | JMException e) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE, "process " + pid + ": " + e + " (expected: a JVM that answers)", e);
        }
    }

    private String nativeMemory() throws IOException, JMException {
        return String.valueOf(jvm.invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"),
                "vmNativeMemory",
                new Object[] {new String[] {"summary", "scale=KB"}},
                new String[] {String[].class.getName()}));
    }

    @Override
    public void close() {
        try {
            connector.close();
        } catch (IOException e) {
            // The process is ended next.
        }
    }
}
