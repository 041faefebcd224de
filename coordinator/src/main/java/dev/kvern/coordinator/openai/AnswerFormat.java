package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.TokenLogprobs;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How the answer to one kind of request looks. Implementations are immutable. */
sealed interface AnswerFormat permits ChatFormat, CompletionFormat {
    /** What ids begin with. */
    String idPrefix();

    /** The value of {@code object} in a whole answer. */
    String object();

    /** The same in a chunk of a stream. */
    String chunkObject();

    /** A choice's first chunk, if it has one before its first text. */
    Optional<ObjectNode> opening(int index);

    /** A choice's next text. */
    ObjectNode part(int index, String text, @Nullable ObjectNode logprobs);

    /** A choice's last chunk. */
    ObjectNode end(int index, String finishReason);

    /** A whole choice. */
    ObjectNode whole(int index, String text, @Nullable ObjectNode logprobs, String finishReason);

    /** @param offset characters (code points) of the choice's tokens before these */
    ObjectNode logprobs(List<TokenLogprobs> tokens, int offset);
}
