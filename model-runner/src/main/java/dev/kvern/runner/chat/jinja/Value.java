package dev.kvern.runner.chat.jinja;

import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** A value as Python sees it. Immutable but for namespaces and iterators. */
sealed interface Value
        permits None,
                Bool,
                Int,
                Real,
                Text,
                ListValue,
                TupleValue,
                DictValue,
                DictView,
                RangeValue,
                LazyValue,
                Namespace,
                LoopValue,
                Function,
                Undefined {

    /** Python's name of the type. */
    String typeName();

    boolean truthy();

    /** Python's {@code repr(value)}. */
    void repr(TextBuilder out);

    /** Python's {@code str(value)}. */
    default void str(TextBuilder out) {
        repr(out);
    }

    default boolean isIterable() {
        return false;
    }

    /** @throws PythonError unless {@link #isIterable} */
    default Iterator<Value> iterator() {
        throw new PythonError("'" + typeName() + "' object is not iterable");
    }

    default boolean hasLength() {
        return false;
    }

    /** @throws PythonError unless {@link #hasLength} */
    default int length() {
        throw new PythonError("object of type '" + typeName() + "' has no len()");
    }

    /** Python's {@code value[key]}; null where that raises a TypeError or LookupError. */
    default @Nullable Value item(Value key) {
        return null;
    }

    /** Python's {@code value.name}, methods among them; null if there is none. */
    default @Nullable Value attribute(String name) {
        return null;
    }
}
