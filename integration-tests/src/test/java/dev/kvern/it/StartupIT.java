package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that cannot start says why, in words, and ends. */
class StartupIT {
    private static final int FAILED = 1;
    private static final int MISCONFIGURED = 2;
    private static final long LIMIT_SECONDS = 60;

    @TempDir
    private Path directory;

    private final List<ServiceProcess> started = new ArrayList<>();

    @AfterEach
    void nothingIsLeft() {
        assertThat(started).noneMatch(ServiceProcess::isAlive);
    }

    @Test
    void aPortInUse() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = String.valueOf(taken.getLocalPort());
            var processes = List.of(
                    start("coordinator-grpc", "coordinator", "listen.grpc_port=" + port, "listen.http_port=0"),
                    start("coordinator-http", "coordinator", "listen.grpc_port=0", "listen.http_port=" + port),
                    start("node-grpc", "node", node("listen.grpc_port=" + port, "ignite.discovery_port=0")),
                    start("node-discovery", "node", node("listen.grpc_port=0", "ignite.discovery_port=" + port)),
                    start("runner", "runner", "model.path=" + Source.MODEL, "listen.grpc_port=" + port));
            for (ServiceProcess process : processes) {
                assertRefused(process, FAILED, port, "expected");
            }
        }
    }

    @Test
    void aModelThatIsBroken() throws IOException {
        Path truncated = copyOfModel("truncated");
        byte[] weights = Files.readAllBytes(Source.MODEL.resolve("model.safetensors"));
        Files.write(truncated.resolve("model.safetensors"), Arrays.copyOf(weights, weights.length / 2));

        Path wrongType = copyOfModel("wrong-type");
        String config = Files.readString(Source.MODEL.resolve("config.json"));
        Files.writeString(
                wrongType.resolve("config.json"),
                config.replace("\"hidden_size\": 256", "\"hidden_size\": \"wide\"")
                        .replace("\"num_hidden_layers\": 10", "\"num_hidden_layers\": 0"));

        Path unknown = copyOfModel("unknown-architecture");
        Files.writeString(unknown.resolve("config.json"), config.replace("LlamaForCausalLM", "MambaForCausalLM"));

        ServiceProcess first = startRunner(truncated);
        ServiceProcess second = startRunner(wrongType);
        ServiceProcess third = startRunner(unknown);
        ServiceProcess fourth = startRunner(directory.resolve("nowhere"));
        assertRefused(first, FAILED, "model.safetensors", String.valueOf(weights.length / 2), "expected");
        assertRefused(second, FAILED, "hidden_size", "wide", "num_hidden_layers", "expected");
        assertRefused(third, FAILED, "MambaForCausalLM", "LlamaForCausalLM", "expected");
        assertRefused(fourth, FAILED, "nowhere", "expected");
    }

    @Test
    void everyMistakeOfAConfigurationAtOnce() {
        assertRefused(
                start("runner", "runner", "kv.pool_byte=1", "kv.block_tokens=17", "listen.grpc_port=high"),
                MISCONFIGURED,
                "kv.pool_byte: unknown key (expected: one of block_tokens, chunk_tokens, pool_bytes, pool_fraction)",
                "kv.block_tokens: 17",
                "listen.grpc_port: \"high\" (expected: a whole number)",
                "model.path");
        assertRefused(
                start("node", "node", "memory.region=1", "memory.high_watermark=7", "backups=-1"),
                MISCONFIGURED,
                "memory.region: unknown key",
                "memory.high_watermark: 7",
                "backups: -1");
        assertRefused(
                start("coordinator", "coordinator", "rooting.policy=x", "routing.policy=guess", "limits.max_calls=0"),
                MISCONFIGURED,
                "rooting: unknown key",
                "routing.policy: 'guess' (expected: longest_prefix or round_robin)",
                "limits.max_calls: 0");
    }

    private static String[] node(String... ports) {
        var settings = new ArrayList<>(List.of(ports));
        settings.add("ignite.communication_port=0");
        settings.add("memory.region_bytes=268435456");
        return settings.toArray(String[]::new);
    }

    private ServiceProcess startRunner(Path model) {
        return start("runner-" + model.getFileName(), "runner", "model.path=" + model, "listen.grpc_port=0");
    }

    private ServiceProcess start(String name, String role, String... settings) {
        ServiceProcess process = new ServiceStarter(Source.CLASS_PATH, directory).start(name, role, List.of(settings));
        started.add(process);
        return process;
    }

    private static void assertRefused(ServiceProcess process, int exitCode, String... words) {
        int code = process.awaitEnd(LIMIT_SECONDS);
        assertThat(process.output())
                .as("what %s says", process.name())
                .contains(words)
                .doesNotContain("\tat ")
                .doesNotContain("Exception")
                .doesNotContain("ready role=");
        assertThat(code).as("exit code of %s", process.name()).isEqualTo(exitCode);
    }

    private Path copyOfModel(String name) throws IOException {
        Path copy = Files.createDirectory(directory.resolve(name));
        try (Stream<Path> files = Files.list(Source.MODEL)) {
            for (Path file : files.toList()) {
                Files.createSymbolicLink(copy.resolve(file.getFileName()), file);
            }
        }
        for (String replaced : List.of("config.json", "model.safetensors")) {
            Files.delete(copy.resolve(replaced));
            Files.copy(Source.MODEL.resolve(replaced), copy.resolve(replaced));
        }
        return copy;
    }
}
