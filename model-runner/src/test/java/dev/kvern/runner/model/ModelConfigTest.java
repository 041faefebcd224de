package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigTest {
    private static final String SIZES =
            "\"vocab_size\": 64, \"hidden_size\": 32, \"intermediate_size\": 48, \"num_hidden_layers\": 3,"
                    + " \"num_attention_heads\": 4, \"max_position_embeddings\": 512";

    @TempDir
    Path directory;

    private ModelConfig read(String json) {
        try {
            return ModelConfig.read(Files.writeString(directory.resolve("config.json"), json));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private ModelConfig read(String architecture, String more) {
        return read("{\"architectures\": [\"" + architecture + "\"], " + SIZES + more + "}");
    }

    private void refused(String json, String... messages) {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> read(json))
                .withMessageContaining("config.json: ")
                .withMessageContainingAll(messages)
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
    }

    @Test
    void takesTheFamilysDefaults() {
        ModelConfig llama = read("LlamaForCausalLM", "");
        assertThat(llama.kvHeads()).isEqualTo(4);
        assertThat(llama.headDim()).isEqualTo(8);
        assertThat(llama.contextTokens()).isEqualTo(512);
        assertThat(llama.rope()).isEqualTo(new RopeScaling(RopeScaling.Type.DEFAULT, 10_000, 1, 0, 0, 0));
        assertThat(llama.qkvBias()).isFalse();
        assertThat(llama.tiedEmbeddings()).isFalse();
        assertThat(llama.windows()).containsExactly(0, 0, 0);
        ModelConfig qwen2 = read("Qwen2ForCausalLM", "");
        assertThat(qwen2.qkvBias()).isTrue();
        assertThat(qwen2.outputBias()).isFalse();
        ModelConfig qwen3 = read("Qwen3ForCausalLM", ", \"attention_bias\": true");
        assertThat(qwen3.qkNorm()).isTrue();
        assertThat(qwen3.headDim()).isEqualTo(128);
        assertThat(qwen3.outputBias()).isTrue();
        assertThat(read("MistralForCausalLM", "").windows()).containsExactly(4096, 4096, 4096);
        assertThat(read("MistralForCausalLM", ", \"sliding_window\": null").windows())
                .containsExactly(0, 0, 0);
    }

    @Test
    void readsRopeInOldAndNewForm() {
        var expected = new RopeScaling(RopeScaling.Type.LLAMA3, 500_000, 8, 1, 4, 256);
        String scaling =
                "\"factor\": 8.0, \"low_freq_factor\": 1, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 256";
        assertThat(read(
                                "LlamaForCausalLM",
                                ", \"rope_theta\": 5e5, \"rope_scaling\": {\"rope_type\": \"llama3\", " + scaling + "}")
                        .rope())
                .isEqualTo(expected);
        assertThat(read(
                                "LlamaForCausalLM",
                                ", \"rope_parameters\": {\"rope_theta\": 500000, \"rope_type\": \"llama3\", " + scaling
                                        + "}")
                        .rope())
                .isEqualTo(expected);
        assertThat(read("LlamaForCausalLM", ", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}")
                        .rope())
                .isEqualTo(new RopeScaling(RopeScaling.Type.LINEAR, 10_000, 4, 0, 0, 0));
        assertThat(read("LlamaForCausalLM", ", \"rope_scaling\": null").rope().type())
                .isEqualTo(RopeScaling.Type.DEFAULT);
    }

    @Test
    void readsQwensWindows() {
        String window = ", \"sliding_window\": 100, \"max_window_layers\": 1";
        assertThat(read("Qwen2ForCausalLM", window).windows()).containsExactly(0, 0, 0);
        assertThat(read("Qwen2ForCausalLM", window + ", \"use_sliding_window\": true")
                        .windows())
                .containsExactly(0, 100, 100);
        String types = ", \"layer_types\": [\"sliding_attention\", \"full_attention\", \"sliding_attention\"]";
        assertThat(read("Qwen3ForCausalLM", window + ", \"use_sliding_window\": true" + types)
                        .windows())
                .containsExactly(100, 0, 100);
        refused(
                "{\"architectures\": [\"Qwen3ForCausalLM\"], " + SIZES + window + types + "}",
                "sliding_window: 100 (expected:");
    }

    @Test
    void reportsAllMistakesTogether() {
        refused(
                "{\"architectures\": [\"LlamaForCausalLM\"], \"vocab_size\": \"many\", \"hidden_size\": 30.5,"
                        + " \"intermediate_size\": 48, \"num_hidden_layers\": 0, \"num_attention_heads\": 4,"
                        + " \"tie_word_embeddings\": \"yes\", \"hidden_act\": \"gelu\"}",
                "vocab_size: \"many\" (expected: a whole number from 1 to 2147483647)",
                "hidden_size: 30.5 (expected: a whole number",
                "num_hidden_layers: 0 (expected: a whole number",
                "max_position_embeddings: missing (expected: a whole number",
                "tie_word_embeddings: \"yes\" (expected: true or false)",
                "hidden_act: \"gelu\" (expected: silu)");
    }

    @Test
    void refusesUnknownArchitecturesByName() {
        String supported =
                "(expected: one of LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, MistralForCausalLM)";
        refused("{\"architectures\": [\"MambaForCausalLM\"]}", "architectures: [\"MambaForCausalLM\"] " + supported);
        refused("{}", "architectures: missing " + supported);
        refused("{\"architectures\": \"LlamaForCausalLM\"}", "(expected: a list of texts)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4} | rope_scaling.type: \"yarn\" (expected: one of default, linear, llama3)",
                "\"rope_parameters\": {\"rope_type\": \"dynamic\"} | rope_parameters.rope_type: \"dynamic\"",
                "\"rope_scaling\": {\"type\": \"linear\"} | rope_scaling.factor: missing",
                "\"rope_scaling\": 4 | rope_scaling: 4 (expected: an object)",
                "\"rope_parameters\": {\"full_attention\": {\"rope_theta\": 5}} | (expected: one set of parameters for all layers)",
                "\"rope_theta\": -1 | rope_theta: -1 (expected: a number above 0)",
                "\"num_key_value_heads\": 3 | num_key_value_heads: 3 (expected: a divisor of num_attention_heads 4)",
                "\"head_dim\": 7 | head_dim: 7 (expected: an even number",
                "\"partial_rotary_factor\": 0.5 | partial_rotary_factor: 0.5 (expected: 1)",
                "\"quantization_config\": {\"bits\": 4} | quantization_config: {\"bits\":4} (expected: none"
            })
    void refusesWhatItCannotCompute(String key, String message) {
        refused("{\"architectures\": [\"LlamaForCausalLM\"], " + SIZES + ", " + key + "}", message);
    }

    @Test
    void saysWhatIsNotAConfig() {
        refused("{\"architectures\": [", "not JSON");
        refused("[1]", "ARRAY (expected: a JSON object)");
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> ModelConfig.read(directory.resolve("none.json")))
                .withMessageContaining("none.json: cannot be read");
    }
}
