package dev.kvern.runner.chat.jinja;

import java.util.Collections;
import java.util.Iterator;

/** What was looked up and is not there. It prints as nothing, is false and empty; all else with it fails. */
record Undefined(String reason) implements Value {
    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    static Undefined of(Value target, String name) {
        return new Undefined("'" + target.typeName() + "' object has no attribute '" + name + "'");
    }

    static Undefined of(Value target, Value key) {
        return key instanceof Text name
                ? of(target, name.value())
                : new Undefined(target.typeName() + " object has no such element");
    }

    PythonError error() {
        return new PythonError(reason);
    }

    @Override
    public String typeName() {
        return "Undefined";
    }

    @Override
    public boolean truthy() {
        return false;
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("Undefined");
    }

    @Override
    public void str(TextBuilder out) {}

    @Override
    public boolean isIterable() {
        return true;
    }

    @Override
    public Iterator<Value> iterator() {
        return Collections.emptyIterator();
    }

    @Override
    public boolean hasLength() {
        return true;
    }

    @Override
    public int length() {
        return 0;
    }

    @Override
    public Value item(Value key) {
        throw error();
    }

    @Override
    public Value attribute(String name) {
        throw error();
    }
}
