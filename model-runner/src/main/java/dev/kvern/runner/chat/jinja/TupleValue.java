package dev.kvern.runner.chat.jinja;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

record TupleValue(List<Value> items) implements Value {
    TupleValue {
        items = List.copyOf(items);
    }

    static TupleValue of(Value... items) {
        return new TupleValue(List.of(items));
    }

    @Override
    public String typeName() {
        return "tuple";
    }

    @Override
    public boolean truthy() {
        return !items.isEmpty();
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("(");
        out.appendReprs(items);
        out.append(items.size() == 1 ? ",)" : ")");
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
        return ListValue.itemOf(items, key);
    }

    @Override
    public @Nullable Value attribute(String name) {
        return ListMethods.find(this, items, name);
    }
}
