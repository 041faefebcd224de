package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class KeysCommandTest {
    private static final Path VECTORS = Path.of("../proto/src/test/vectors/block-keys.json");

    @Test
    void digestsAreThoseOfTheVectors() throws IOException {
        int compared = 0;
        for (JsonNode chain : new ObjectMapper().readTree(VECTORS.toFile()).path("chains")) {
            if (chain.hasNonNull("extra") || chain.path("tokens").isEmpty()) {
                continue;
            }
            int blockTokens = chain.path("block_tokens").asInt();
            CommandRun run = CommandRun.of(
                    "keys", "--tokens", joined(chain.path("tokens")), "--block-tokens", String.valueOf(blockTokens));
            assertThat(run.exitCode()).as(run.err()).isZero();
            var expected = new ArrayList<String>();
            chain.path("digests").forEach(digest -> expected.add(digest.asText()));
            assertThat(run.out()
                            .lines()
                            .filter(line -> line.startsWith("block "))
                            .map(line -> line.replaceAll(".*digest ", "")))
                    .isEqualTo(expected);
            assertThat(run.out().lines().findFirst().orElseThrow())
                    .startsWith(chain.path("tokens").size() + " tokens, " + expected.size() + " full blocks of "
                            + blockTokens + ", ");
            compared++;
        }
        assertThat(compared).isGreaterThanOrEqualTo(3);
    }

    @Test
    void aModelGivesNamespaceAndKeysOfWholeChunks() {
        String tokens = "1" + ",7".repeat(149);
        String model = "../model-runner/models/kvern-demo";
        CommandRun plain = CommandRun.of("keys", "--tokens", tokens, "--model", model);
        CommandRun salted = CommandRun.of("keys", "--tokens", tokens, "--model", model, "--cache-salt", "a");
        assertThat(plain.exitCode()).as(plain.err()).isZero();
        assertThat(plain.out()).containsPattern("namespace [0-9a-f]{64}");
        assertThat(plain.out().lines().filter(line -> line.contains("  key ")))
                .hasSize(2)
                .allMatch(line -> line.matches("block [37] .*digest [0-9a-f]{64}  key [0-9a-f]{64}"));
        assertThat(plain.out()).contains("150 tokens, 9 full blocks of 16, 6 tokens left over");
        assertThat(salted.out().lines().skip(1))
                .doesNotContainAnyElementsOf(plain.out()
                        .lines()
                        .filter(line -> line.contains("key ") || line.contains("namespace"))
                        .toList());
    }

    @Test
    void sizesThatCannotBeAreRefused() {
        CommandRun blocks = CommandRun.of("keys", "--tokens", "1,2,3", "--block-tokens", "0");
        assertThat(blocks.exitCode()).isEqualTo(2);
        assertThat(blocks.err()).contains("--block-tokens: 0 (expected: at least 1)");
        CommandRun chunks = CommandRun.of(
                "keys", "--tokens", "1", "--chunk-tokens", "48", "--model", "../model-runner/models/kvern-demo");
        assertThat(chunks.exitCode()).isEqualTo(2);
        assertThat(chunks.err()).contains("--chunk-tokens: 48 (expected: a power of two times --block-tokens, 16)");
    }

    @Test
    void aPromptIsTokenizedByTheModel() {
        CommandRun run = CommandRun.of(
                "keys", "--prompt", "The tower opens at nine.", "--model", "../model-runner/models/kvern-demo");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).containsPattern("tokens \\d+(,\\d+)+").contains("0 full blocks of 16");
    }

    @Test
    void aModelThatIsNoneIsNamed() {
        CommandRun run = CommandRun.of("keys", "--tokens", "1", "--model", "/nonexistent");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("/nonexistent").contains("expected").doesNotContain("\tat ");
        CommandRun type = CommandRun.of(
                "keys", "--tokens", "1", "--model", "../model-runner/models/kvern-demo", "--compute-dtype", "int3");
        assertThat(type.exitCode()).isEqualTo(1);
        assertThat(type.err()).contains("'int3'").contains("expected");
    }

    private static String joined(JsonNode tokens) {
        return StreamSupport.stream(tokens.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining(","));
    }
}
