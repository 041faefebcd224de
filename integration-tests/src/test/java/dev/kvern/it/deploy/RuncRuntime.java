package dev.kvern.it.deploy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Real containers, by runc: namespaces, a read-only root, no capabilities, limits of memory. */
final class RuncRuntime implements PodRuntime {
    private final HostNames names;
    private final Path state;

    RuncRuntime(HostNames names) {
        this.names = names;
        this.state = names.directory().resolve("runc");
    }

    @Override
    public String description() {
        return "containers by "
                + HostCommand.run("runc", "--version").lines().findFirst().orElse("runc");
    }

    @Override
    public RunningContainer start(ContainerSpec spec) {
        Path bundle = names.directory().resolve("bundles").resolve(spec.id());
        try {
            Files.createDirectories(bundle);
            new ObjectMapper()
                    .writeValue(
                            bundle.resolve("config.json").toFile(),
                            RuncConfig.of(spec, "/" + names.run() + "/" + spec.id()));
            List<String> command =
                    List.of("runc", "--root", state.toString(), "run", "--bundle", bundle.toString(), spec.id());
            return new Runc(spec.id(), HostProcess.start(command, spec.log()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The runc process stays with its container, passes its output on and ends with its exit code. */
    private final class Runc implements RunningContainer {
        private final String id;
        private final Process process;

        Runc(String id, Process process) {
            this.id = id;
            this.process = process;
        }

        @Override
        public CompletableFuture<Integer> exit() {
            return process.onExit().thenApply(Process::exitValue);
        }

        @Override
        public void signal(String signal) {
            // It fails if the container has just ended.
            HostCommand.failureOf("runc", "--root", state.toString(), "kill", id, signal);
        }

        @Override
        public void remove() {
            HostCommand.failureOf("runc", "--root", state.toString(), "delete", "--force", id);
        }
    }
}
