package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.config.ConfigException;
import dev.kvern.coordinator.CoordinatorConfig;
import dev.kvern.node.NodeConfig;
import dev.kvern.runner.RunnerConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations that are to be deployed, as the processes read them: every key known, every value allowed. */
class DeployedConfigsTest {
    /** What unit files and Compose files add, without which a wildcard address is refused. */
    private static final List<String> ADDED = List.of("id=member", "advertise_host=member");

    @ParameterizedTest
    @ValueSource(strings = {"compose/config", "systemd"})
    void areRead(String directory) throws ConfigException {
        Path configs = Source.ROOT.resolve("deploy").resolve(directory);
        NodeConfig node =
                NodeConfig.loader().load(configs.resolve("node.yaml"), ADDED).config();
        assertThat(node.ignite().addresses()).isNotEmpty();
        assertThat(node.backups()).isEqualTo(1);
        RunnerConfig runner =
                RunnerConfig.loader().load(configs.resolve("runner.yaml"), ADDED).config();
        assertThat(runner.coordinator()).isEqualTo(node.coordinator()).isNotEmpty();
        CoordinatorConfig coordinator = CoordinatorConfig.loader()
                .load(configs.resolve("coordinator.yaml"), List.of())
                .config();
        assertThat(node.coordinator())
                .contains(":" + coordinator.listen().grpcPort());
    }
}
