package dev.kvern.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigLoaderTest {
    /** Defaults are in sample-defaults.yaml beside this class. */
    record Sample(String id, Listen listen, List<String> peers, double share, Auth auth) implements Validated {
        record Listen(String host, int grpcPort) {}

        record Auth(boolean enabled, List<String> apiKeys, String password) {}

        @Override
        public void validate(Problems problems) {
            problems.range("listen.grpc_port", listen.grpcPort(), 0, 65535);
            peers.forEach(peer -> problems.address("peers", peer));
            problems.check(share > 0 && share <= 1, "share", share, "above 0, at most 1");
        }
    }

    private final ConfigLoader<Sample> loader = new ConfigLoader<>(Sample.class, "sample-defaults.yaml");

    @TempDir
    Path dir;

    @Test
    void fileOverDefaultsAndOverridesOverFile() throws Exception {
        Path file = write("listen:\n  grpc_port: 1234\npeers: [a:1]\n");
        var loaded = loader.load(file, List.of("listen.host=0.0.0.0", "share=1", "id=007"));
        assertThat(loaded.config().listen()).isEqualTo(new Sample.Listen("0.0.0.0", 1234));
        assertThat(loaded.config().peers()).containsExactly("a:1");
        assertThat(loaded.config().share()).isEqualTo(1.0);
        assertThat(loaded.effectiveYaml()).contains("grpc_port: 1234").contains("host: 0.0.0.0");
    }

    @Test
    void allMistakesTogether() throws Exception {
        Path file = write("listen:\n  grpc_port: many\nlissten: {}\npeers: 3\n");
        var e = refuse(file, List.of("share=two", "nonsense", "auth.enabled=5"));
        assertThat(e.problems())
                .containsExactly(
                        "listen.grpc_port: \"many\" (expected: a whole number)",
                        "lissten: unknown key (expected: one of auth, id, listen, peers, share)",
                        "peers: 3 (expected: a list)",
                        "share: \"two\" (expected: a number)",
                        "--set: 'nonsense' (expected: key=value)",
                        "auth.enabled: 5 (expected: true or false)");
    }

    @Test
    void mistakesInValuesTogetherWithMistakesInForm() throws Exception {
        var e = refuse(null, List.of("listen.grpc_port=70000", "peers=[nohost]", "x=1"));
        assertThat(e.problems())
                .hasSize(3)
                .contains("listen.grpc_port: 70000 (expected: 0 to 65535)", "peers: 'nohost' (expected: HOST:PORT)");
    }

    @Test
    void aBrokenFileIsNamedWithItsLine() throws Exception {
        Path file = write("id: a\nlisten: [1\n");
        assertThat(refuse(file, List.of()).getMessage())
                .contains(file.toString())
                .contains("line");
        assertThat(refuse(dir.resolve("none.yaml"), List.of()).getMessage()).contains("none.yaml");
    }

    @Test
    void aListOfTheWrongElementsIsRefused() throws Exception {
        assertThat(refuse(null, List.of("peers=[{a: 1}]")).getMessage()).contains("peers");
    }

    @Test
    void secretsAreNotShown() throws Exception {
        var loaded = loader.load(null, List.of("auth.api_keys=[hush]", "auth.password=hush"));
        assertThat(loaded.config().auth().apiKeys()).containsExactly("hush");
        assertThat(loaded.effectiveYaml()).contains("***").doesNotContain("hush");
        assertThat(loader.load(null, List.of()).effectiveYaml()).doesNotContain("***");
    }

    private ConfigException refuse(@org.jspecify.annotations.Nullable Path file, List<String> overrides) {
        return catchThrowableOfType(ConfigException.class, () -> loader.load(file, overrides));
    }

    private Path write(String yaml) throws IOException {
        return Files.writeString(dir.resolve("sample.yaml"), yaml);
    }
}
