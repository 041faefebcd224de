package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.bench.HeapMemory;
import dev.kvern.launcher.bench.JvmConnection;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;

/** Reads what a JVM of ours uses, from /proc and over JMX. Confined to a thread. */
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
    private final JvmConnection connection;
    private final MBeanServerConnection jvm;

    private ProcessProbe(long pid, JvmConnection connection) {
        this.pid = pid;
        this.connection = connection;
        this.jvm = connection.beans();
    }

    static ProcessProbe attach(ServiceProcess process) {
        return new ProcessProbe(process.pid(), JvmConnection.attach(process));
    }

    /** Collects garbage there and reads what is left. */
    ProcessFigures read() {
        try {
            long heap = HeapMemory.usedAfterCollection(jvm);
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
        connection.close();
    }
}
