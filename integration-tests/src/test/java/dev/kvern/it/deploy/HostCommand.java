package dev.kvern.it.deploy;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Commands of the host, run to their end. */
final class HostCommand {
    private HostCommand() {}

    private record Result(int exit, String said) {}

    /**
     * Runs it and returns what it prints.
     *
     * @throws IllegalStateException with what it says if it fails
     */
    static String run(String... command) {
        Result result = result(command);
        if (result.exit() != 0) {
            throw new IllegalStateException(failure(result, command));
        }
        return result.said();
    }

    /** Runs it; what it says if it fails. */
    static Optional<String> failureOf(String... command) {
        Result result = result(command);
        return result.exit() == 0 ? Optional.empty() : Optional.of(failure(result, command));
    }

    private static String failure(Result result, String... command) {
        return String.join(" ", command) + ": exit code " + result.exit() + ": "
                + result.said().strip();
    }

    private static Result result(String... command) {
        try {
            Process process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), said);
        } catch (IOException e) {
            return new Result(127, e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in " + String.join(" ", command), e);
        }
    }
}
