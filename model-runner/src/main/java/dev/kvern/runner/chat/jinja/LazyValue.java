package dev.kvern.runner.chat.jinja;

import java.util.Iterator;

/** A Python generator: computed while it is read, and read once. */
record LazyValue(Iterator<Value> iterator) implements Value {
    @Override
    public String typeName() {
        return "generator";
    }

    @Override
    public boolean truthy() {
        return true;
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("<generator object>");
    }

    @Override
    public boolean isIterable() {
        return true;
    }
}
