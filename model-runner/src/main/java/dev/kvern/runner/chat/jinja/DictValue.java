package dev.kvern.runner.chat.jinja;

import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's {@code dict}, in the order of insertion. Not changed after it was handed on. */
final class DictValue implements Value {
    record Entry(Value key, Value value) {
        TupleValue pair() {
            return TupleValue.of(key, value);
        }
    }

    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    /** An equal key keeps its place and spelling, as in Python. */
    DictValue put(Value key, Value value) {
        entries.merge(DictKey.of(key), new Entry(key, value), (old, entry) -> new Entry(old.key(), entry.value()));
        return this;
    }

    DictValue put(String key, Value value) {
        return put(Text.of(key), value);
    }

    DictValue putAll(DictValue other) {
        other.entries().forEach(entry -> put(entry.key(), entry.value()));
        return this;
    }

    @Nullable
    Value get(Value key) {
        Object known = DictKey.find(key);
        Entry entry = known == null ? null : entries.get(known);
        return entry == null ? null : entry.value();
    }

    Collection<Entry> entries() {
        return entries.values();
    }

    @Override
    public String typeName() {
        return "dict";
    }

    @Override
    public boolean truthy() {
        return !entries.isEmpty();
    }

    @Override
    public void repr(TextBuilder out) {
        out.nest();
        out.append("{");
        String separator = "";
        for (Entry entry : entries()) {
            out.append(separator);
            entry.key().repr(out);
            out.append(": ");
            entry.value().repr(out);
            separator = ", ";
        }
        out.append("}");
        out.unnest();
    }

    @Override
    public boolean isIterable() {
        return true;
    }

    @Override
    public Iterator<Value> iterator() {
        return entries().stream().map(Entry::key).iterator();
    }

    @Override
    public boolean hasLength() {
        return true;
    }

    @Override
    public int length() {
        return entries.size();
    }

    @Override
    public @Nullable Value item(Value key) {
        return get(key);
    }

    @Override
    public @Nullable Value attribute(String name) {
        return DictMethods.find(this, name);
    }
}
