package dev.kvern.runner.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.SamplingParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GenerationDefaultsTest {
    @TempDir
    Path directory;

    private GenerationDefaults load(String json) throws IOException {
        Files.writeString(directory.resolve("generation_config.json"), json);
        return GenerationDefaults.load(directory);
    }

    private static SamplingOptions options(SamplingParameters parameters, GenerationDefaults defaults) {
        return SamplingOptions.of(parameters, defaults, () -> 99);
    }

    @Test
    void readsWhatTheFileSays() throws IOException {
        // As Qwen2.5-Instruct has it.
        assertThat(load("""
                {"bos_token_id": 151643, "pad_token_id": 151643, "do_sample": true, "eos_token_id": [151645, 151643],
                 "repetition_penalty": 1.05, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "min_p": 0.01,
                 "transformers_version": "4.37.0"}
                """)).isEqualTo(new GenerationDefaults(0.7f, 20, 0.8f, 0.01f, 1.05f, Set.of(151645, 151643)));
    }

    @Test
    void withoutSamplingItIsGreedyWhateverElseItSays() throws IOException {
        GenerationDefaults defaults = load(
                "{\"do_sample\": false, \"temperature\": 0.7, \"top_k\": 3, \"top_p\": 0.5, \"min_p\": 0.2, \"repetition_penalty\": 1.1}");
        assertThat(defaults).isEqualTo(new GenerationDefaults(0, 0, 1, 0, 1.1f, Set.of()));
        assertThat(options(SamplingParameters.getDefaultInstance(), defaults).greedy())
                .isTrue();
        // A request that asks for sampling gets all of it.
        assertThat(options(SamplingParameters.newBuilder().setTemperature(1).build(), defaults))
                .isEqualTo(new SamplingOptions(1, 0, 1, 0, 1.1f, 0, 0, 99));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{}", "{\"do_sample\": null, \"temperature\": null, \"top_k\": null, \"eos_token_id\": null}"})
    void absentAndNullAreTheProtosDefaults(String json) throws IOException {
        assertThat(load(json)).isEqualTo(GenerationDefaults.none());
    }

    @Test
    void noFileIsNone() {
        assertThat(GenerationDefaults.load(directory)).isEqualTo(GenerationDefaults.none());
    }

    @Test
    void endTokensMayStandInTheModelsConfig() throws IOException {
        Files.writeString(directory.resolve("config.json"), "{\"eos_token_id\": 2}");
        assertThat(GenerationDefaults.load(directory).eosTokenIds()).containsExactly(2);
        assertThat(load("{\"temperature\": 0.5}").eosTokenIds()).containsExactly(2);
        assertThat(load("{\"eos_token_id\": [7]}").eosTokenIds()).containsExactly(7);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"temperature": "warm"}      | temperature: "warm"
            {"temperature": -1}          | temperature: -1
            {"top_k": 2.5}               | top_k: 2.5
            {"top_k": -3}                | top_k: -3
            {"top_p": 0}                 | top_p: 0
            {"top_p": 1.5}               | top_p: 1.5
            {"min_p": 2}                 | min_p: 2
            {"repetition_penalty": 0}    | repetition_penalty: 0
            {"do_sample": "no"}          | do_sample: "no"
            {"eos_token_id": "2"}        | eos_token_id: "2"
            {"eos_token_id": [1, "2"]}   | eos_token_id: [1,"2"]
            {"eos_token_id"              | expected: JSON
            """)
    void namesWhatIsWrong(String json, String message) {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> load(json))
                .withMessageContaining("generation_config.json: ")
                .withMessageContaining(message)
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
    }

    @Test
    void requestsGoBeforeDefaults() {
        var defaults = new GenerationDefaults(0.7f, 20, 0.8f, 0.01f, 1.05f, Set.of());
        var asked = SamplingParameters.newBuilder()
                .setTemperature(0)
                .setTopK(0)
                .setTopP(1)
                .setMinP(0)
                .setRepetitionPenalty(1)
                .setPresencePenalty(-2)
                .setFrequencyPenalty(2)
                .setSeed(5)
                .build();
        assertThat(options(asked, defaults)).isEqualTo(new SamplingOptions(0, 0, 1, 0, 1, -2, 2, 5));
        assertThat(options(SamplingParameters.getDefaultInstance(), defaults))
                .isEqualTo(new SamplingOptions(0.7f, 20, 0.8f, 0.01f, 1.05f, 0, 0, 99));
    }

    @Test
    void refusesRequestsOutOfRange() {
        refused(SamplingParameters.newBuilder().setTemperature(-0.5f), "temperature: -0.5");
        refused(SamplingParameters.newBuilder().setTemperature(Float.NaN), "temperature: NaN");
        refused(SamplingParameters.newBuilder().setTemperature(Float.POSITIVE_INFINITY), "temperature: Infinity");
        refused(SamplingParameters.newBuilder().setTopP(0), "top_p: 0");
        refused(SamplingParameters.newBuilder().setTopP(1.01f), "top_p: 1.01");
        refused(SamplingParameters.newBuilder().setMinP(-0.1f), "min_p: -0.1");
        refused(SamplingParameters.newBuilder().setRepetitionPenalty(0), "repetition_penalty: 0");
        refused(SamplingParameters.newBuilder().setPresencePenalty(2.5f), "presence_penalty: 2.5");
        refused(SamplingParameters.newBuilder().setFrequencyPenalty(Float.NaN), "frequency_penalty: NaN");
    }

    private static void refused(SamplingParameters.Builder parameters, String message) {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> options(parameters.build(), GenerationDefaults.none()))
                .withMessageContaining(message)
                .matches(e -> e.reason() == ErrorReason.INVALID_ARGUMENT);
    }
}
