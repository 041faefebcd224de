package dev.kvern.runner.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** From Java's values, as JSON readers make them, to templates'. */
final class Values {
    private Values() {}

    /** @throws IllegalArgumentException if the value is of a type that JSON has no word for */
    static Value of(@Nullable Object value) {
        if (value == null) {
            return None.NONE;
        } else if (value instanceof String text) {
            return Text.of(text);
        } else if (value instanceof Boolean bool) {
            return Bool.of(bool);
        } else if (value instanceof Double || value instanceof Float || value instanceof BigDecimal) {
            return new Real(((Number) value).doubleValue());
        } else if (value instanceof BigInteger number) {
            return new Int(number);
        } else if (value instanceof Integer || value instanceof Long) {
            return Int.of(((Number) value).longValue());
        } else if (value instanceof Collection<?> items) {
            return new ListValue(items.stream().map(Values::of).toList());
        } else if (value instanceof Map<?, ?> entries) {
            var dict = new DictValue();
            entries.forEach((key, item) -> dict.put(of(key), of(item)));
            return dict;
        }
        throw new IllegalArgumentException("a template's variable of " + value.getClass());
    }
}
