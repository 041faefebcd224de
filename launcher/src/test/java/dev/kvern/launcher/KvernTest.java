package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KvernTest {
    private static final int USAGE = 2;

    @Test
    void helpNamesEveryCommand() {
        CommandRun run = CommandRun.of("--help");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains(
                        "demo",
                        "coordinator",
                        "node",
                        "runner",
                        "generate",
                        "stats",
                        "health",
                        "cache",
                        "keys",
                        "size",
                        "verify-model",
                        "bench");
        assertThat(Kvern.commandLine().getSubcommands()).hasSize(12);
    }

    @ParameterizedTest
    @CsvSource({
        "demo, --once --json --model --workload --threads",
        "coordinator, --config --set",
        "node, --config --set",
        "runner, --config --set",
        "generate, --target --prompt --prompt-file --chat-file --tokens --max-tokens --temperature --seed --json",
        "stats, --target",
        "health, ADDRESS --service --timeout",
        "keys, --prompt --tokens --block-tokens --model",
        "cache, lookup delete clear drain rebalance",
        "cache lookup, --target --node --prompt --prompt-file --chat-file --tokens --model --cache-salt --json",
        "cache delete, --target --node --key --model --tenant --timeout --json",
        "cache clear, --target --node --yes --timeout --json",
        "cache drain, --target --node NODE --deadline --json",
        "cache rebalance, --target --node --json",
        "verify-model, --model --reference --tolerance",
        "bench, engine reuse scale soak store",
        "bench engine, --model --python --device --dtype --threads --rounds --quick --json",
        "bench reuse, --model --device --dtype --threads --rounds --quick --json",
        "bench scale, --part --blocks --rebalance-mib --redis --rounds --seed --quick --json",
        "bench soak, --model --requests --seed --quick --json"
    })
    void everyCommandHasHelp(String command, String options) {
        CommandRun run = CommandRun.of((command + " --help").split(" "));
        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).startsWith("Usage: kvern " + command).contains(options.split(" "));
    }

    @Test
    void everyOptionIsDescribed() {
        for (var command : Kvern.commandLine().getSubcommands().entrySet()) {
            for (var option : command.getValue().getCommandSpec().options()) {
                assertThat(option.description())
                        .as("%s %s", command.getKey(), Arrays.toString(option.names()))
                        .isNotEmpty();
            }
        }
    }

    @Test
    void versionIsTold() {
        assertThat(CommandRun.of("--version").out()).matches("kvern (development|\\d+\\.\\d+\\.\\d+\\S*)\\s*");
        assertThat(CommandRun.of("node", "--version").out())
                .isEqualTo(CommandRun.of("--version").out());
    }

    @Test
    void noCommandIsAskedFor() {
        CommandRun run = CommandRun.of();
        assertThat(run.exitCode()).isEqualTo(USAGE);
        assertThat(run.err()).contains("which command?").contains("Usage: kvern");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dema",
                "node --port 7",
                "generate",
                "generate --prompt a --prompt-file b",
                "generate --prompt a --max-tokens many",
                "generate --prompt a --target nowhere",
                "generate --prompt a --target localhost:70000",
                "generate --tokens 1,two",
                "keys",
                "keys --tokens 1,-2",
                "keys --tokens 1,2 --block-tokens 0",
                "keys --tokens 1,2 --block-tokens 16 --chunk-tokens 24 --model x",
                "keys --prompt hello",
                "verify-model --model x",
                "stats --target :1",
                "health",
                "health localhost:7400 --timeout 0",
                "bench",
                "bench engine --rounds 0",
                "bench engine --threads -1",
                "bench engine --json /nonexistent/rows.json",
                "bench scale --part all",
                "bench scale --blocks 10",
                "bench scale --rebalance-mib 0",
                "bench soak --requests 0",
                "bench reuse --rounds many"
            })
    void wrongUsageIsSaidSo(String line) {
        CommandRun run = CommandRun.of(line.split(" "));
        assertThat(run.exitCode()).isEqualTo(USAGE);
        assertThat(run.err()).isNotBlank().doesNotContain("\tat ");
    }

    @Test
    void usageErrorsNameTheValue() {
        assertThat(CommandRun.of("generate", "--prompt", "a", "--max-tokens", "many")
                        .err())
                .contains("--max-tokens", "many");
        assertThat(CommandRun.of("stats", "--target", "localhost:70000").err())
                .contains("--target: 'localhost:70000' (expected: HOST:PORT)");
        assertThat(CommandRun.of("keys", "--tokens", "1,-2").err()).contains("--tokens: -2 (expected: at least 0)");
        assertThat(CommandRun.of("generate", "--prompt", "a", "--tokens", "1").err())
                .contains("--prompt", "--tokens", "mutually exclusive");
    }

    @Test
    void mistakesOfAConfigurationAreReportedTogether() {
        CommandRun run = CommandRun.of(
                "coordinator",
                "--config",
                "/nonexistent.yaml",
                "--set",
                "listen.port=7",
                "--set",
                "limits.max_calls=-1",
                "--set",
                "routing.attempts=often",
                "--set",
                "nothing");
        assertThat(run.exitCode()).isEqualTo(USAGE);
        assertThat(run.err().lines().map(String::strip))
                .contains(
                        "config file: /nonexistent.yaml (expected: an existing YAML file)",
                        "listen.port: unknown key (expected: one of grpc_port, host, http_port)",
                        "limits.max_calls: -1 (expected: 1 to 1000000)",
                        "routing.attempts: \"often\" (expected: a whole number)",
                        "--set: 'nothing' (expected: key=value)");
        assertThat(run.out()).doesNotContain("effective configuration");
    }

    @Test
    void aServerThatIsNotThereIsNamed() {
        CommandRun run = CommandRun.of("stats", "--target", "127.0.0.1:1");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("kvern: UNAVAILABLE")
                .contains("127.0.0.1:1")
                .doesNotContain("\tat ");
    }
}
