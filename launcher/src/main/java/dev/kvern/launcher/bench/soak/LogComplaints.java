package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.process.ServiceProcess;
import java.util.List;

/** What services say of themselves that no soak should bring about: errors, and buffers that Netty found were never released. */
final class LogComplaints {
    private static final int MOST_LINES = 5;

    private LogComplaints() {}

    /** The first of them, each with the service's name. */
    static List<String> of(ServiceProcess service) {
        return of(service.name(), service.output());
    }

    static List<String> of(String name, String log) {
        return log.lines()
                .filter(line -> line.contains(" ERROR ") || line.contains("LEAK:"))
                .limit(MOST_LINES)
                .map(line -> name + " says: " + line)
                .toList();
    }
}
