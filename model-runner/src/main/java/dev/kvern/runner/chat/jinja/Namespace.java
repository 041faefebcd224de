package dev.kvern.runner.chat.jinja;

import org.jspecify.annotations.Nullable;

/** The one thing a template can change from within a loop. Confined to a thread. */
final class Namespace implements Value {
    private final DictValue attributes;

    Namespace(DictValue attributes) {
        for (DictValue.Entry entry : attributes.entries()) {
            if (entry.key() instanceof Text name) {
                checkName(name.value());
            }
        }
        this.attributes = attributes;
    }

    void set(String name, Value value) {
        checkName(name);
        attributes.put(name, value);
    }

    private static void checkName(String name) {
        if (name.startsWith("_")) {
            throw new PythonError("a namespace's attribute cannot begin with an underscore: '" + name + "'");
        }
    }

    @Override
    public String typeName() {
        return "Namespace";
    }

    @Override
    public boolean truthy() {
        return true;
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("<Namespace ");
        attributes.repr(out);
        out.append(">");
    }

    @Override
    public @Nullable Value attribute(String name) {
        return attributes.get(Text.of(name));
    }
}
