package dev.kvern.runner.chat.jinja;

import java.util.Set;

/** Jinja's {@code value.name} and {@code value[key]}, each of which falls back to the other. */
final class Lookup {
    /** What jinja2's immutable sandbox keeps from templates. */
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private Lookup() {}

    static Value attribute(Value target, String name) {
        if (isForbidden(target, name)) {
            return unsafe(target, name);
        }
        Value found = target.attribute(name);
        if (found == null) {
            found = target.item(Text.of(name));
        }
        return found == null ? Undefined.of(target, name) : found;
    }

    static Value item(Value target, Value key) {
        Value found = target.item(key);
        if (found == null && key instanceof Text name) {
            if (isForbidden(target, name.value())) {
                return unsafe(target, name.value());
            }
            found = target.attribute(name.value());
        }
        return found == null ? Undefined.of(target, key) : found;
    }

    private static boolean isForbidden(Value target, String name) {
        return (target instanceof ListValue && LIST_CHANGES.contains(name))
                || (target instanceof DictValue && DICT_CHANGES.contains(name));
    }

    private static Undefined unsafe(Value target, String name) {
        return new Undefined("access to attribute '" + name + "' of '" + target.typeName() + "' object is unsafe");
    }
}
