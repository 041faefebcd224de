package dev.kvern.runner.chat.jinja;

import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A parsed template. Immutable; several threads may render it at the same time. */
public final class Template {
    private final Frame frame;

    private Template(Frame frame) {
        this.frame = frame;
    }

    /** @throws SyntaxException if the text is no template, or uses filters, tests or tags that there are not */
    public static Template parse(String text) {
        Frame frame = Parser.parse(text);
        Checks.check(frame);
        Scoping.resolve(frame);
        return new Template(frame);
    }

    /**
     * @param variables null, booleans, numbers, texts, and collections and maps of these
     * @param clock whose time and zone {@code strftime_now} tells
     * @throws RenderException if the template refuses what it is given, fails, or does too much
     */
    public String render(Map<String, ? extends @Nullable Object> variables, Clock clock) {
        Map<String, Value> all = new HashMap<>(Globals.of(clock));
        variables.forEach((name, value) -> all.put(name, Values.of(value)));
        var renderer = new Renderer(new Budget());
        try {
            return renderer.capture(frame, new Scope(new Scope(all), frame));
        } catch (PythonError e) {
            throw new RenderException(
                    renderer.evaluator().line(), String.valueOf(e.getMessage()), e instanceof PythonError.Raised, e);
        }
    }
}
