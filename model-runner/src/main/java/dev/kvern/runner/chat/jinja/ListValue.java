package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's {@code list}; as in jinja2's immutable sandbox, nothing can change one. */
record ListValue(List<Value> items) implements Value {
    ListValue {
        items = List.copyOf(items);
    }

    @Override
    public String typeName() {
        return "list";
    }

    @Override
    public boolean truthy() {
        return !items.isEmpty();
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("[");
        out.appendReprs(items);
        out.append("]");
    }

    @Override
    public boolean isIterable() {
        return true;
    }

    @Override
    public Iterator<Value> iterator() {
        return items.iterator();
    }

    @Override
    public boolean hasLength() {
        return true;
    }

    @Override
    public int length() {
        return items.size();
    }

    @Override
    public @Nullable Value item(Value key) {
        return itemOf(items, key);
    }

    @Override
    public @Nullable Value attribute(String name) {
        return ListMethods.find(this, items, name);
    }

    static @Nullable Value itemOf(List<Value> items, Value key) {
        BigInteger index = Numbers.index(key);
        int at = index == null ? -1 : SliceBounds.position(index, items.size());
        return at < 0 ? null : items.get(at);
    }
}
