package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Arguments of a call, in order or by name. */
record Arguments(List<Value> positional, Map<String, Value> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    Arguments {
        positional = List.copyOf(positional);
        named = Collections.unmodifiableMap(new LinkedHashMap<>(named));
    }

    static Arguments of(Value... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    /** All but the first {@code count} in order. */
    Arguments skip(int count) {
        return new Arguments(positional.subList(count, positional.size()), named);
    }

    /** For functions whose parameters cannot be given by name. */
    Bound inOrder(String function, int least, int most) {
        if (!named.isEmpty()) {
            throw new PythonError(function + "() takes no keyword arguments");
        }
        return bound(function, least, new String[most]);
    }

    /** @param names of the parameters, the first {@code least} of which must be given */
    Bound byName(String function, int least, String... names) {
        for (String name : named.keySet()) {
            int at = List.of(names).indexOf(name);
            if (at < 0) {
                throw new PythonError(function + "() got an unexpected keyword argument '" + name + "'");
            }
            if (at < positional.size()) {
                throw new PythonError(function + "() got multiple values for argument '" + name + "'");
            }
        }
        return bound(function, least, names);
    }

    private Bound bound(String function, int least, @Nullable String[] names) {
        if (positional.size() > names.length) {
            throw new PythonError(function + "() takes at most " + names.length + " argument"
                    + (names.length == 1 ? "" : "s") + " (" + positional.size() + " given)");
        }
        var values = new @Nullable Value[names.length];
        for (int i = 0; i < names.length; i++) {
            String name = names[i];
            values[i] = i < positional.size() ? positional.get(i) : name == null ? null : named.get(name);
            if (values[i] == null && i < least) {
                throw new PythonError(function + "() misses argument " + (name == null ? i + 1 : "'" + name + "'"));
            }
        }
        return new Bound(function, values);
    }

    /** Arguments in the order of their parameters. */
    static final class Bound {
        private final String function;
        private final @Nullable Value[] values;

        private Bound(String function, @Nullable Value[] values) {
            this.function = function;
            this.values = values;
        }

        boolean given(int index) {
            return values[index] != null;
        }

        /** Given, and not None. */
        boolean meant(int index) {
            return given(index) && values[index] != None.NONE;
        }

        Value get(int index) {
            Value value = values[index];
            if (value == null) {
                throw new PythonError(function + "() misses argument " + (index + 1));
            }
            return value;
        }

        Value get(int index, Value absent) {
            Value value = values[index];
            return value == null ? absent : value;
        }

        boolean truthy(int index, boolean absent) {
            Value value = values[index];
            return value == null ? absent : value.truthy();
        }

        String text(int index) {
            Value value = get(index);
            if (value instanceof Text text) {
                return text.value();
            }
            if (value instanceof Undefined undefined) {
                throw undefined.error();
            }
            throw new PythonError(function + "() argument " + (index + 1) + " must be str, not " + value.typeName());
        }

        BigInteger integer(int index) {
            Value value = get(index);
            BigInteger number = Numbers.index(value);
            if (number == null) {
                throw new PythonError("'" + value.typeName() + "' object cannot be interpreted as an integer");
            }
            return number;
        }

        /** Numbers beyond an int's are as good as the largest or smallest. */
        int number(int index, int absent) {
            return given(index) ? Numbers.clamp(integer(index)) : absent;
        }
    }
}
