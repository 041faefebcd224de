package dev.kvern.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.v1.GenerateRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {
    private final ScriptedServer server = new ScriptedServer();

    @TempDir
    private Path directory;

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void printsTheTextAndThenWhatItTook() {
        CommandRun run = generate("--prompt", "Hallo");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out())
                .startsWith("grüße" + System.lineSeparator())
                .contains(
                        "prompt 3 tokens: 0 from the runner's pool, 0 from its host memory, 0 from the cluster, 3 computed; completion 2 tokens"
                                + " (length)")
                .contains("runner runner-1");
    }

    @Test
    void printsOneJsonObject() throws IOException {
        CommandRun run = generate("--prompt", "Hallo", "--json");
        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.path("text").asText()).isEqualTo("grüße");
        assertThat(json.path("output_token_ids").toString()).isEqualTo("[5,6]");
        assertThat(json.path("finish_reason").asText()).isEqualTo("length");
        assertThat(json.path("completion_tokens").asInt()).isEqualTo(2);
        assertThat(json.path("runner").asText()).isEqualTo("runner-1");
    }

    @Test
    void whatIsNotSaidIsNotSent() {
        generate("--prompt", "Hallo");
        GenerateRequest asked = server.asked.remove();
        assertThat(asked.getPrompt().getText()).isEqualTo("Hallo");
        assertThat(asked.getSampling().hasTemperature()).isFalse();
        assertThat(asked.getSampling().hasSeed()).isFalse();
        assertThat(asked.hasMaxTokens()).isFalse();
        assertThat(asked.hasRunnerId()).isFalse();
        assertThat(asked.hasCacheSalt()).isFalse();
    }

    @Test
    void whatIsSaidIsSentZeroToo() {
        generate(
                "--tokens",
                "1,2,3",
                "--temperature",
                "0",
                "--seed",
                "0",
                "--max-tokens",
                "-1",
                "--runner",
                "runner-2",
                "--cache-salt",
                "tenant",
                "--model",
                "kvern-demo");
        GenerateRequest asked = server.asked.remove();
        assertThat(asked.getPrompt().getTokenIds().getIdsList()).containsExactly(1, 2, 3);
        assertThat(asked.getSampling().hasTemperature()).isTrue();
        assertThat(asked.getSampling().getTemperature()).isZero();
        assertThat(asked.getSampling().hasSeed()).isTrue();
        assertThat(asked.getMaxTokens()).isEqualTo(-1);
        assertThat(asked.getRunnerId()).isEqualTo("runner-2");
        assertThat(asked.getCacheSalt()).isEqualTo("tenant");
        assertThat(asked.getModel()).isEqualTo("kvern-demo");
    }

    @Test
    void promptsComeFromFiles() throws IOException {
        generate(
                "--prompt-file",
                write("prompt.txt", "Zwei\nZeilen\n".getBytes(UTF_8)).toString());
        assertThat(server.asked.remove().getPrompt().getText()).isEqualTo("Zwei\nZeilen\n");
        String messages =
                "[{\"role\": \"system\", \"content\": \"Be kind.\"}, {\"role\": \"user\", \"content\": \"Grüße?\"}]";
        for (String chat : List.of(messages, "{\"messages\": " + messages + "}")) {
            generate("--chat-file", write("chat.json", chat.getBytes(UTF_8)).toString());
            var sent = server.asked.remove().getPrompt().getChat();
            assertThat(sent.getMessagesCount()).isEqualTo(2);
            assertThat(sent.getMessages(0).getRole()).isEqualTo("system");
            assertThat(sent.getMessages(1).getContent()).isEqualTo("Grüße?");
        }
    }

    @Test
    void filesThatAreNoPromptsAreNamed() throws IOException {
        refused("--prompt-file", directory.resolve("none.txt"), "none.txt: no such file (expected: a file)");
        refused("--prompt-file", directory, "expected: a readable file");
        Path bytes = write("bytes.txt", new byte[] {'a', (byte) 0xC3, '('});
        refused("--prompt-file", bytes, "bytes.txt: not UTF-8 (expected: a text in UTF-8)");
        refused("--chat-file", bytes, "bytes.txt: not UTF-8 (expected: a text in UTF-8)");
        refused(
                "--chat-file",
                write("cut.json", "[{\"role\":\n \"us".getBytes(UTF_8)),
                "cut.json line 2",
                "(expected: JSON)");
        refused("--chat-file", write("two.json", "[] []".getBytes(UTF_8)), "two.json", "(expected: JSON)");
        refused("--chat-file", write("empty.json", new byte[0]), "no messages (expected: [{");
        refused("--chat-file", write("none.json", "[]".getBytes(UTF_8)), "no messages (expected: [{");
        refused("--chat-file", write("text.json", "\"hello\"".getBytes(UTF_8)), "(expected: [{");
        refused(
                "--chat-file",
                write("half.json", "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"user\"}]".getBytes(UTF_8)),
                "message 1: {\"role\":\"user\"} (expected: {\"role\": text, \"content\": text})");
        refused(
                "--chat-file",
                write("number.json", "[{\"role\": \"user\", \"content\": 7}]".getBytes(UTF_8)),
                "message 0");
    }

    @Test
    void aRefusalIsPassedOn() {
        CommandRun run = generate("--prompt", "Hallo", "--model", "gpt-9");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err().strip()).isEqualTo("kvern: NOT_FOUND: model: 'gpt-9' (expected: kvern-demo)");
    }

    private void refused(String option, Path file, String... words) {
        CommandRun run = generate(option, file.toString());
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("kvern: " + option + ": ")
                .contains(words)
                .doesNotContain("\tat ");
        assertThat(server.asked).isEmpty();
    }

    private CommandRun generate(String... arguments) {
        var all = new ArrayList<>(List.of("generate", "--target", server.target()));
        all.addAll(List.of(arguments));
        return CommandRun.of(all.toArray(String[]::new));
    }

    private Path write(String name, byte[] content) throws IOException {
        return Files.write(directory.resolve(name), content);
    }
}
