package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The {@code attribute} of filters: names and numbers between dots.
 *
 * @param absent what stands for a part that is undefined; null for nothing
 */
record AttributePath(List<Value> parts, @Nullable Value absent) {
    static AttributePath of(@Nullable Value attribute) {
        return of(attribute, null);
    }

    static AttributePath of(@Nullable Value attribute, @Nullable Value absent) {
        if (attribute == null || attribute == None.NONE) {
            return new AttributePath(List.of(), absent);
        }
        List<Value> parts = attribute instanceof Text text ? split(text.value()) : List.of(attribute);
        return new AttributePath(parts, absent == None.NONE ? null : absent);
    }

    private static List<Value> split(String path) {
        return Stream.of(path.split("\\.", -1))
                .map(part -> Characters.all(part, c -> c >= '0' && c <= '9')
                        ? (Value) new Int(new BigInteger(part))
                        : Text.of(part))
                .toList();
    }

    Value in(Value item, Budget budget) {
        Value value = item;
        for (Value part : parts) {
            budget.step();
            if (value instanceof Text) {
                budget.charge(value);
            }
            value = Lookup.item(value, part);
            if (absent != null && value instanceof Undefined) {
                value = absent;
            }
        }
        return value;
    }
}
