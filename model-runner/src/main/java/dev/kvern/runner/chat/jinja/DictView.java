package dev.kvern.runner.chat.jinja;

import java.util.Iterator;
import java.util.List;

/** What {@code keys()}, {@code values()} and {@code items()} of a dict give: neither a list nor used up by a loop. */
record DictView(Kind kind, DictValue dict) implements Value {
    enum Kind {
        KEYS("dict_keys"),
        VALUES("dict_values"),
        ITEMS("dict_items");

        private final String typeName;

        Kind(String typeName) {
            this.typeName = typeName;
        }
    }

    @Override
    public String typeName() {
        return kind.typeName;
    }

    @Override
    public boolean truthy() {
        return dict.truthy();
    }

    @Override
    public void repr(TextBuilder out) {
        out.append(typeName() + "([");
        out.appendReprs(List.copyOf(elements()));
        out.append("])");
    }

    @Override
    public boolean isIterable() {
        return true;
    }

    @Override
    public Iterator<Value> iterator() {
        return elements().iterator();
    }

    @Override
    public boolean hasLength() {
        return true;
    }

    @Override
    public int length() {
        return dict.length();
    }

    private List<Value> elements() {
        return dict.entries().stream()
                .map(entry -> switch (kind) {
                    case KEYS -> entry.key();
                    case VALUES -> entry.value();
                    case ITEMS -> (Value) entry.pair();
                })
                .toList();
    }
}
