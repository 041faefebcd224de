package dev.kvern.runner.chat;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.chat.jinja.RenderException;
import dev.kvern.runner.chat.jinja.SyntaxException;
import dev.kvern.runner.chat.jinja.Template;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template: turns messages into the text that the model was trained to continue, byte for byte what
 * transformers' {@code apply_chat_template} gives. Immutable; several threads may use it at the same time.
 */
public final class ChatTemplate {
    private final Template template;
    private final Map<String, String> specialTokens;
    private final Clock clock;

    private ChatTemplate(Template template, Map<String, String> specialTokens, Clock clock) {
        this.template = template;
        this.specialTokens = specialTokens;
        this.clock = clock;
    }

    /**
     * @return empty if the directory has no chat template
     * @throws KvernException MISCONFIGURED if it has one that cannot be used
     */
    public static Optional<ChatTemplate> load(Path directory) {
        return load(directory, Clock.system(ZoneId.systemDefault()));
    }

    static Optional<ChatTemplate> load(Path directory, Clock clock) {
        var files = TokenizerFiles.read(directory);
        return files.template().map(source -> new ChatTemplate(parse(source), files.specialTokens(), clock));
    }

    private static Template parse(TokenizerFiles.Source source) {
        try {
            return Template.parse(source.text());
        } catch (SyntaxException e) {
            throw KvernException.misconfigured(source.file() + ", line " + e.line(), e.found(), e.expected());
        }
    }

    /**
     * @param addGenerationPrompt whether the text ends where the assistant's answer begins
     * @throws KvernException INVALID_ARGUMENT if the template refuses the messages or fails on them
     */
    public String render(List<Message> messages, boolean addGenerationPrompt) {
        Map<String, @Nullable Object> variables = new HashMap<>();
        variables.put("messages", messages.stream().map(Message::asMap).toList());
        variables.put("add_generation_prompt", addGenerationPrompt);
        return render(variables);
    }

    /** @param variables what the template is told beside the special tokens: messages, tools, a model's own switches */
    String render(Map<String, ? extends @Nullable Object> variables) {
        Map<String, @Nullable Object> all = new HashMap<>(specialTokens);
        // transformers always passes these, and templates ask whether they are none.
        all.put("tools", null);
        all.put("documents", null);
        all.putAll(variables);
        try {
            return template.render(all, clock);
        } catch (RenderException e) {
            String place = e.raised() ? "" : "chat template, line " + e.line() + ": ";
            throw new KvernException(ErrorReason.INVALID_ARGUMENT, "prompt.chat: " + place + e.getMessage(), e);
        }
    }

    /** One turn of a chat. */
    public record Message(String role, String content) {
        Map<String, String> asMap() {
            Map<String, String> map = new LinkedHashMap<>();
            map.put("role", role);
            map.put("content", content);
            return map;
        }
    }
}
