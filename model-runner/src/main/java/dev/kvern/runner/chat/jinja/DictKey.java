package dev.kvern.runner.chat.jinja;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** Maps a value to a Java key that is equal where Python's are: 1, 1.0 and True are one key. */
final class DictKey {
    private DictKey() {}

    /** @throws PythonError if Python could not hash the value */
    static Object of(Value value) {
        Object key = find(value);
        if (key == null) {
            throw new PythonError("unhashable type: '" + value.typeName() + "'");
        }
        return key;
    }

    static @Nullable Object find(Value value) {
        if (value instanceof Text text) {
            return text.value();
        } else if (value instanceof Int number) {
            return number.value();
        } else if (value instanceof Bool bool) {
            return Numbers.integer(bool);
        } else if (value instanceof Real real) {
            double number = real.value();
            return number == Math.rint(number) && !Double.isInfinite(number)
                    ? new BigDecimal(number).toBigInteger()
                    : (Object) number;
        } else if (value instanceof Undefined) {
            // All undefined values are equal.
            return Undefined.class;
        }
        // Tuples would do in Python; hashing nested ones can take for ever, and no template needs it.
        return value == None.NONE ? value : null;
    }
}
