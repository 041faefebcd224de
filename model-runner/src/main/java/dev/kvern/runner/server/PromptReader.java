package dev.kvern.runner.server;

import dev.kvern.rpc.KvernException;
import dev.kvern.runner.chat.ChatTemplate;
import dev.kvern.v1.Chat;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.TokenIds;
import java.util.List;

/** Turns a prompt in any of its forms into token ids. Safe for use by several threads. */
final class PromptReader {
    private final ServedModel model;

    PromptReader(ServedModel model) {
        this.model = model;
    }

    /** @throws KvernException INVALID_ARGUMENT if there is no prompt, or none that could be */
    int[] tokens(Prompt prompt) {
        int[] tokens = switch (prompt.getContentCase()) {
            case TEXT -> text(prompt.getText());
            case CHAT -> chat(prompt.getChat());
            case TOKEN_IDS -> ids(prompt.getTokenIds());
            case CONTENT_NOT_SET ->
                throw KvernException.invalid("prompt", "absent", "text, chat messages or token ids");
        };
        if (tokens.length == 0) {
            throw KvernException.invalid("prompt", "empty", "at least 1 token");
        }
        return tokens;
    }

    private int[] text(String text) {
        if (text.isEmpty()) {
            throw KvernException.invalid("prompt", "''", "a text of at least 1 character");
        }
        return model.tokenizer().encode(text, true);
    }

    private int[] chat(Chat chat) {
        if (chat.getMessagesCount() == 0) {
            throw KvernException.invalid("prompt.chat.messages", "none", "at least 1");
        }
        ChatTemplate template = model.chat()
                .orElseThrow(() -> KvernException.invalid(
                        "prompt.chat",
                        "model " + model.name() + " has no chat template",
                        "a prompt as text or as token ids"));
        List<ChatTemplate.Message> messages = chat.getMessagesList().stream()
                .map(m -> new ChatTemplate.Message(m.getRole(), m.getContent()))
                .toList();
        // The template writes the special tokens itself.
        return model.tokenizer().encode(template.render(messages, true), false);
    }

    private int[] ids(TokenIds ids) {
        int[] tokens = new int[ids.getIdsCount()];
        int size = model.spec().vocabularySize();
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = ids.getIds(i);
            if (tokens[i] < 0 || tokens[i] >= size) {
                throw KvernException.invalid(
                        "prompt.token_ids[" + i + "]", Integer.toUnsignedString(tokens[i]), "0 to " + (size - 1));
            }
        }
        return tokens;
    }
}
