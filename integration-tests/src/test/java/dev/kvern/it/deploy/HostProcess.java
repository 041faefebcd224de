package dev.kvern.it.deploy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Processes of the host whose output goes to a log. */
final class HostProcess {
    private HostProcess() {}

    /** @param log which the output is added to */
    static Process start(List<String> command, Path log) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }
}
