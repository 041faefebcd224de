package dev.kvern.launcher;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.v1.Chat;
import dev.kvern.v1.ChatMessage;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.TokenIds;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The forms in which a prompt can be given; exactly one of them. */
final class PromptOptions {
    @Option(names = "--prompt", paramLabel = "TEXT", description = "The prompt.")
    private @Nullable String text;

    @Option(names = "--prompt-file", paramLabel = "FILE", description = "A UTF-8 file that is the prompt.")
    private @Nullable Path textFile;

    @Option(
            names = "--chat-file",
            paramLabel = "FILE",
            description = "A JSON file of chat messages: [{\"role\": \"user\", \"content\": \"...\"}, ...].")
    private @Nullable Path chatFile;

    @Option(names = "--tokens", paramLabel = "1,2,3", split = ",", description = "Token ids.")
    private @Nullable List<Integer> tokens;

    Prompt prompt() {
        if (text != null) {
            return Prompt.newBuilder().setText(text).build();
        }
        if (textFile != null) {
            return Prompt.newBuilder().setText(read("--prompt-file", textFile)).build();
        }
        if (chatFile != null) {
            return Prompt.newBuilder().setChat(chat(chatFile)).build();
        }
        return Prompt.newBuilder()
                .setTokenIds(TokenIds.newBuilder().addAllIds(tokens == null ? List.of() : tokens))
                .build();
    }

    private static Chat chat(Path file) {
        JsonNode json;
        try {
            json = new ObjectMapper()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .readTree(read("--chat-file", file));
        } catch (JsonProcessingException e) {
            throw new UsageException("--chat-file: " + file + " line "
                    + e.getLocation().getLineNr() + ": " + e.getOriginalMessage() + " (expected: JSON)");
        }
        JsonNode messages = json.isObject() ? json.path("messages") : json;
        var chat = Chat.newBuilder();
        for (JsonNode message : messages) {
            if (!message.path("role").isTextual() || !message.path("content").isTextual()) {
                throw new UsageException("--chat-file: " + file + ": message " + chat.getMessagesCount() + ": "
                        + message + " (expected: {\"role\": text, \"content\": text})");
            }
            chat.addMessages(ChatMessage.newBuilder()
                    .setRole(message.get("role").asText())
                    .setContent(message.get("content").asText()));
        }
        if (chat.getMessagesCount() == 0) {
            throw new UsageException("--chat-file: " + file
                    + ": no messages (expected: [{\"role\": \"user\", \"content\": \"...\"}, ...])");
        }
        return chat.build();
    }

    private static String read(String option, Path file) {
        try {
            return Files.readString(file);
        } catch (MalformedInputException e) {
            throw new UsageException(option + ": " + file + ": not UTF-8 (expected: a text in UTF-8)");
        } catch (NoSuchFileException e) {
            throw new UsageException(option + ": " + file + ": no such file (expected: a file)");
        } catch (IOException e) {
            throw new UsageException(option + ": " + file + ": " + e + " (expected: a readable file)");
        }
    }
}
