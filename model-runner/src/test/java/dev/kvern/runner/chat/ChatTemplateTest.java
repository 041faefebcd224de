package dev.kvern.runner.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.chat.ChatTemplate.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
    private static final List<Message> CHAT = List.of(new Message("user", "Hi"));

    @TempDir
    Path directory;

    private void write(String file, String text) throws IOException {
        Files.writeString(directory.resolve(file), text);
    }

    private String render() {
        return ChatTemplate.load(directory).orElseThrow().render(CHAT, true);
    }

    @Test
    void theDemoModelsTemplateIsRead() {
        ChatTemplate template = ChatTemplate.load(Path.of("models/kvern-demo")).orElseThrow();

        assertThat(template.render(CHAT, true)).isEqualTo("<|bos|><|user|>Hi<|end|><|assistant|>");
        assertThat(template.render(CHAT, false)).isEqualTo("<|bos|><|user|>Hi<|end|>");
    }

    @Test
    void aDirectoryWithoutOneHasNone() throws IOException {
        assertThat(ChatTemplate.load(directory)).isEmpty();

        write("tokenizer_config.json", "{\"bos_token\": \"<s>\", \"chat_template\": null}");
        assertThat(ChatTemplate.load(directory)).isEmpty();
    }

    @Test
    void aFileOfItsOwnGoesBeforeTheConfig() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": \"config\"}");
        assertThat(render()).isEqualTo("config");

        write("chat_template.json", "{\"chat_template\": \"json\"}");
        assertThat(render()).isEqualTo("json");

        write("chat_template.jinja", "jinja\n");
        assertThat(render()).isEqualTo("jinja");
    }

    @Test
    void ofSeveralTheDefaultIsTaken() throws IOException {
        write(
                "tokenizer_config.json",
                "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"a\"},"
                        + " {\"name\": \"default\", \"template\": \"b\"}]}");

        assertThat(render()).isEqualTo("b");
    }

    @Test
    void severalWithoutADefaultAreRefused() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"a\"}]}");

        assertThatThrownBy(this::render)
                .isInstanceOfSatisfying(
                        KvernException.class, e -> assertThat(e.reason()).isEqualTo(ErrorReason.MISCONFIGURED))
                .hasMessageContaining("tokenizer_config.json, chat_template")
                .hasMessageContaining("one named default");
    }

    @Test
    void specialTokensComeFromTheConfigAndElseFromTheMap() throws IOException {
        write("chat_template.jinja", "{{ bos_token }}{{ eos_token }}{{ image_token }}{{ pad_token is defined }}");
        write(
                "tokenizer_config.json",
                "{\"bos_token\": {\"content\": \"<s>\", \"lstrip\": false}, \"image_token\": \"<i>\", \"pad_token\": null}");
        write("special_tokens_map.json", "{\"bos_token\": \"<x>\", \"eos_token\": {\"content\": \"</s>\"}}");

        assertThat(render()).isEqualTo("<s></s><i>False");
    }

    @Test
    void toolsAndDocumentsAreThereAndNone() throws IOException {
        write("chat_template.jinja", "{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}");

        assertThat(render()).isEqualTo("TrueTrueTrue");
    }

    @Test
    void theClockIsAsked() throws IOException {
        write("chat_template.jinja", "{{ strftime_now('%d %b %Y') }}");
        Clock clock = Clock.fixed(Instant.parse("2024-07-26T10:00:00Z"), ZoneOffset.UTC);

        assertThat(ChatTemplate.load(directory, clock).orElseThrow().render(CHAT, true))
                .isEqualTo("26 Jul 2024");
    }

    @Test
    void aTemplateThatIsNoneIsRefusedWhenLoaded() throws IOException {
        write("chat_template.jinja", "{% for m in messages %}\n{{ m.content }\n{% endfor %}");

        assertThatThrownBy(() -> ChatTemplate.load(directory))
                .isInstanceOfSatisfying(
                        KvernException.class, e -> assertThat(e.reason()).isEqualTo(ErrorReason.MISCONFIGURED))
                .hasMessage(directory.resolve("chat_template.jinja")
                        + ", line 2: '}' (expected: an opening one before it)");
    }

    @Test
    void configsThatAreNotJsonAreRefused() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": ");

        assertThatThrownBy(() -> ChatTemplate.load(directory))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("tokenizer_config.json")
                .hasMessageContaining("(expected: JSON)");
    }

    @Test
    void whatTheTemplateRefusesIsTheCallersMistake() throws IOException {
        write("chat_template.jinja", "{{ raise_exception('roles must alternate') }}");

        assertInvalid("prompt.chat: roles must alternate");
    }

    @Test
    void whatTheTemplateFailsOnIsTheCallersMistake() throws IOException {
        write("chat_template.jinja", "\n{{ messages[1].content }}");

        assertInvalid("prompt.chat: chat template, line 2: list object has no such element");
    }

    private void assertInvalid(String message) {
        assertThatThrownBy(this::render)
                .isInstanceOfSatisfying(
                        KvernException.class, e -> assertThat(e.reason()).isEqualTo(ErrorReason.INVALID_ARGUMENT))
                .hasMessage(message);
    }
}
