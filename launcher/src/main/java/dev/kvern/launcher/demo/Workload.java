package dev.kvern.launcher.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The scripted conversations, in the order in which they are held. */
record Workload(int version, List<Conversation> conversations) {
    private static final int VERSION = 1;

    Workload {
        conversations = List.copyOf(conversations);
    }

    /**
     * One user's conversation.
     *
     * @param name what to print for it
     * @param title what it shows; conversations of one title belong together
     * @param system the system prompt, if there is one
     * @param turns what the user says, one after the other
     * @param maxTokens most tokens of each answer
     */
    record Conversation(String name, String title, @Nullable String system, List<Turn> turns, int maxTokens) {
        Conversation {
            turns = List.copyOf(turns);
        }
    }

    /** One question. */
    record Turn(String user) {}

    static Workload read(Path file) {
        var mapper = JsonMapper.builder()
                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
        if (!Files.isRegularFile(file)) {
            throw KvernException.misconfigured("workload", file, "a workload file");
        }
        try {
            Workload workload = mapper.readValue(file.toFile(), Workload.class);
            if (workload.version != VERSION) {
                throw KvernException.misconfigured(file + ": version", workload.version, String.valueOf(VERSION));
            }
            return workload;
        } catch (JsonProcessingException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED, file + ": " + e.getOriginalMessage() + " (expected: a workload)", e);
        } catch (IOException e) {
            throw new KvernException(ErrorReason.MISCONFIGURED, file + ": " + e + " (expected: a readable file)", e);
        }
    }
}
