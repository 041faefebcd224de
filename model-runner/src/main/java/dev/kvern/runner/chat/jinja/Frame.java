package dev.kvern.runner.chat.jinja;

import java.util.List;
import java.util.Set;

/** Statements with variables of their own: the template, the body of a loop, of a macro. */
final class Frame {
    private final List<Statement> body;
    private final Set<String> mentioned;
    private Set<String> hidden = Set.of();

    Frame(List<Statement> body) {
        this.body = List.copyOf(body);
        this.mentioned = Mentions.of(this.body);
    }

    List<Statement> body() {
        return body;
    }

    /** Names that are undefined until the frame assigns them, whatever they are outside. Set once, by {@link Scoping}. */
    Set<String> hidden() {
        return hidden;
    }

    /** Whether the name is read anywhere within, in macros and loops too. */
    boolean mentions(String name) {
        return mentioned.contains(name);
    }

    void hide(Set<String> names) {
        hidden = Set.copyOf(names);
    }
}
