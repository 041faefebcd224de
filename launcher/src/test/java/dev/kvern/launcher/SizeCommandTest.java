package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SizeCommandTest {
    private static final Path GUIDE = Path.of("../deploy/docs/sizing.md");

    @TempDir
    private Path directory;

    /** Llama 3.1 8B, whose keys and values are known to take 128 KiB a token in bf16. */
    private Path llama8b() throws IOException {
        return config("LlamaForCausalLM", 32, 32, 8, 128);
    }

    private Path config(String architecture, int layers, int heads, int kvHeads, int headDim) throws IOException {
        return Files.writeString(directory.resolve("config.json"), """
                {"architectures": ["%s"], "vocab_size": 128256, "hidden_size": %d, "intermediate_size": 14336,
                 "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d, "head_dim": %d,
                 "max_position_embeddings": 131072}
                """.formatted(
                        architecture, heads * headDim, layers, heads, kvHeads, headDim));
    }

    private static JsonNode json(CommandRun run) throws IOException {
        assertThat(run.exitCode()).as(run.err()).isZero();
        return new ObjectMapper().readTree(run.out());
    }

    @Test
    void countsWhatNodesTake() throws IOException {
        JsonNode size = json(CommandRun.of(
                "size",
                "--model",
                llama8b().toString(),
                "--prompts",
                "1000",
                "--prompt-tokens",
                "4100",
                "--shared-tokens",
                "1030",
                "--tenants",
                "10",
                "--json"));
        assertThat(size.get("bytes_per_token").asInt()).isEqualTo(128 << 10);
        assertThat(size.get("chunk_bytes").asInt()).isEqualTo(8 << 20);
        // 8 MiB and two headers in pages of 16 KiB that hold 16,256 bytes each: 517 of them.
        assertThat(size.get("stored_chunk_bytes").asInt()).isEqualTo(517 * (16 << 10));
        // 64 full chunks of each prompt, 16 of which are one for all of a tenant.
        long chunks = 10 * 16 + 1000 * 48;
        assertThat(size.get("chunks").asLong()).isEqualTo(chunks);
        assertThat(size.get("cluster_bytes").asLong()).isEqualTo(chunks * 517 * (16 << 10) * 2);
        double usable =
                size.get("cluster_bytes").asDouble() / size.get("region_bytes").asDouble() / 3;
        assertThat(usable).isBetween(0.7699, 0.7701);
    }

    @Test
    void aFewNodesHaveNoMoreCopiesThanNodes() throws IOException {
        String model = llama8b().toString();
        assertThat(json(CommandRun.of("size", "--model", model, "--nodes", "1", "--json"))
                        .get("copies")
                        .asInt())
                .isEqualTo(1);
        assertThat(json(CommandRun.of("size", "--model", model, "--backups", "2", "--nodes", "2", "--json"))
                        .get("copies")
                        .asInt())
                .isEqualTo(2);
    }

    @Test
    void saysItForPeople() throws IOException {
        llama8b();
        CommandRun run = CommandRun.of("size", "--model", directory.toString(), "--device", "cpu");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("262,144 bytes a token (fp32)", "memory.region_bytes=", "on each of 3 nodes");
    }

    @ParameterizedTest
    @CsvSource({
        "--prompts, 0, 1 to",
        "--shared-tokens, 5000, 0 to 4096",
        "--tenants, 2000, 1 to 1000",
        "--backups, 17, 0 to 16"
    })
    void namesWhatIsWrong(String option, String value, String expected) throws IOException {
        CommandRun run = CommandRun.of("size", "--model", llama8b().toString(), option, value);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(value, expected);
    }

    /** The guide's table of published models, by the command. */
    @Test
    void theGuidesTableIsTrue() throws IOException {
        Matcher rows = Pattern.compile(
                        "\\| [^|]+ \\| `(\\w+ForCausalLM)` \\| (\\d+) \\| (\\d+) \\| (\\d+) \\| (\\d+) \\| ([\\d,]+) \\| ([\\d.]+) MiB \\|")
                .matcher(Files.readString(GUIDE));
        int compared = 0;
        while (rows.find()) {
            Path model = config(rows.group(1), number(rows, 2), number(rows, 3), number(rows, 4), number(rows, 5));
            JsonNode size = json(CommandRun.of("size", "--model", model.toString(), "--json"));
            assertThat(size.get("bytes_per_token").asText())
                    .as(rows.group())
                    .isEqualTo(rows.group(6).replace(",", ""));
            assertThat(size.get("chunk_bytes").asDouble() / (1 << 20))
                    .as(rows.group())
                    .isEqualTo(Double.parseDouble(rows.group(7)));
            compared++;
        }
        assertThat(compared).isGreaterThanOrEqualTo(6);
    }

    private static int number(Matcher row, int group) {
        return Integer.parseInt(row.group(group));
    }
}
