package dev.kvern.runner.chat.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Makes values that compute their items while they are read, as Python's generators do. */
final class Generators {
    private Generators() {}

    /** @param iterator asked for when the first item is wanted, so that what fails in it fails then */
    static LazyValue lazily(Supplier<Iterator<Value>> iterator) {
        return new LazyValue(new Iterator<>() {
            private @Nullable Iterator<Value> items;

            private Iterator<Value> items() {
                if (items == null) {
                    items = iterator.get();
                }
                return items;
            }

            @Override
            public boolean hasNext() {
                return items().hasNext();
            }

            @Override
            public Value next() {
                return items().next();
            }
        });
    }

    static Iterator<Value> map(Iterator<Value> items, UnaryOperator<Value> function) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public Value next() {
                return function.apply(items.next());
            }
        };
    }

    /** @throws PythonError at once if the value cannot be read */
    static LazyValue filter(Value items, Predicate<Value> accepts) {
        return new LazyValue(filter(items.iterator(), accepts));
    }

    static Iterator<Value> filter(Iterator<Value> items, Predicate<Value> accepts) {
        return new Iterator<>() {
            private @Nullable Value next;

            @Override
            public boolean hasNext() {
                while (next == null && items.hasNext()) {
                    Value candidate = items.next();
                    if (accepts.test(candidate)) {
                        next = candidate;
                    }
                }
                return next != null;
            }

            @Override
            public Value next() {
                Value item = hasNext() ? next : null;
                if (item == null) {
                    throw new NoSuchElementException();
                }
                next = null;
                return item;
            }
        };
    }
}
