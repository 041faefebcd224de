package dev.kvern.runner.chat.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Variables of a {@link Frame} while it runs, and of those around it. Confined to a thread. */
final class Scope {
    private final Map<String, Value> variables = new HashMap<>();
    private final @Nullable Scope outer;

    Scope(@Nullable Scope outer, Frame frame) {
        this.outer = outer;
        for (String name : frame.hidden()) {
            variables.put(name, Undefined.name(name));
        }
    }

    /** The outermost one. */
    Scope(Map<String, Value> variables) {
        this.outer = null;
        this.variables.putAll(variables);
    }

    Value get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Value value = scope.variables.get(name);
            if (value != null) {
                return value;
            }
        }
        return Undefined.name(name);
    }

    void set(String name, Value value) {
        variables.put(name, value);
    }
}
