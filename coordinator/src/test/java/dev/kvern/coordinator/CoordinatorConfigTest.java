package dev.kvern.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoordinatorConfigTest {
    @Test
    void theDefaultsAreValid() throws ConfigException {
        CoordinatorConfig config =
                CoordinatorConfig.loader().load(null, List.of()).config();
        assertThat(config.listen().grpcPort()).isEqualTo(7_400);
    }

    @Test
    void thePlaygroundIsNoWayAroundTheKeys(@TempDir Path directory) throws ConfigException, IOException {
        String keys = "api.keys_file=" + Files.writeString(directory.resolve("keys"), "alice sk-1\n");
        String password = "dashboard.password_file=" + Files.writeString(directory.resolve("password"), "ops:secret\n");
        assertThat(playground(List.of())).isTrue();
        assertThat(playground(List.of(keys))).isFalse();
        assertThat(playground(List.of(keys, password))).isTrue();
        assertThat(playground(List.of(password, "dashboard.playground=false"))).isFalse();
    }

    private static boolean playground(List<String> settings) throws ConfigException {
        return CoordinatorConfig.loader().load(null, settings).config().playground();
    }

    @Test
    void allMistakesAreReportedTogether() {
        var refused = catchThrowableOfType(
                ConfigException.class,
                () -> CoordinatorConfig.loader()
                        .load(
                                null,
                                List.of(
                                        "listen.grpc_port=70000",
                                        "routing.policy=fastest",
                                        "membership.lease_millis=1000",
                                        "limits.max_calls=0",
                                        "api.keys_file=no-such-file",
                                        "api.cors_origins=[chat.example]",
                                        "listen.port=1")));
        assertThat(refused.problems())
                .hasSize(7)
                .anyMatch(p -> p.contains("listen.grpc_port: 70000 (expected: 0 to 65535)"))
                .anyMatch(p -> p.contains("routing.policy: 'fastest' (expected: longest_prefix or round_robin)"))
                .anyMatch(p -> p.contains("membership.lease_millis: 1000 (expected: 2000 to"))
                .anyMatch(p -> p.contains("limits.max_calls: 0"))
                .anyMatch(p -> p.contains("api.keys_file: 'no-such-file' (expected: an existing file"))
                .anyMatch(p -> p.contains("api.cors_origins: 'chat.example' (expected: '*' or an origin"))
                .anyMatch(p -> p.contains("listen.port: unknown key"));
    }
}
