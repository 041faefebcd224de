package dev.kvern.runner.chat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

public final class ChatTemplate {
    private ChatTemplate() {}

    public static Optional<ChatTemplate> load(Path p) {
        return Optional.of(new ChatTemplate());
    }

    public String render(List<Message> messages, boolean g) {
        var b = new StringBuilder("<s>");
        for (Message m : messages) b.append("<|" + m.role() + "|>" + m.content() + "<|end|>");
        return b + "<|assistant|>";
    }

    public record Message(String role, String content) {}
}
