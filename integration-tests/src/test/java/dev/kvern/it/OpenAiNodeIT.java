package dev.kvern.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's npm client, as it is, against a coordinator with API keys and one runner: {@code npm/openai.test.js}. */
@Timeout(600)
class OpenAiNodeIT {
    private static final String KEY = "sk-node";

    @TempDir
    private static Path directory;

    @Test
    void theClientIsServed() throws IOException {
        NpmProject npm = NpmProject.installed(directory);
        Path keys = Files.writeString(directory.resolve("keys"), "node " + KEY + "\n");
        try (var cluster = TestCluster.start(
                directory,
                List.of("api.keys_file=" + keys),
                List.of(),
                List.of(List.of("engine.max_running=2", "engine.queue=2")))) {
            npm.test(
                    "openai.test.js",
                    Map.of(
                            "KVERN_URL",
                            "http://" + cluster.address(TestCluster.COORDINATOR, "http"),
                            "KVERN_KEY",
                            KEY,
                            // Its last test kills it.
                            "KVERN_RUNNER_PID",
                            String.valueOf(cluster.process("runner-a").pid())));
        }
    }
}
