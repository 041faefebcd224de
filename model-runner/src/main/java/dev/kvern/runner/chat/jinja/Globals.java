package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.time.Clock;
import java.time.LocalDateTime;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Functions that every template can call: jinja2's, and those that transformers adds. */
final class Globals {
    private static final int LONGEST_TIME_FORMAT = 1_000;
    private static final BigInteger FAR = BigInteger.ONE.shiftLeft(60);

    private Globals() {}

    static Map<String, Value> of(Clock clock) {
        Function range = (arguments, budget) -> range(arguments);
        Function dict = Globals::dict;
        Function namespace = (arguments, budget) -> new Namespace(dict(arguments, budget));
        Function raise = (arguments, budget) -> {
            Value message = arguments.byName("raise_exception", 1, "message").get(0);
            throw new PythonError.Raised(TextBuilder.str(message, budget));
        };
        Function now = (arguments, budget) -> {
            String format = arguments.byName("strftime_now", 1, "format").text(0);
            if (format.length() > LONGEST_TIME_FORMAT) {
                throw new PythonError("a time format of more than " + LONGEST_TIME_FORMAT + " characters");
            }
            return Text.of(Strftime.format(LocalDateTime.now(clock), format));
        };
        return Map.of(
                "range", range,
                "dict", dict,
                "namespace", namespace,
                "raise_exception", raise,
                "strftime_now", now);
    }

    private static Value range(Arguments arguments) {
        Arguments.Bound bound = arguments.inOrder("range", 1, 3);
        long first = near(bound.integer(0));
        return bound.given(1)
                ? new RangeValue(first, near(bound.integer(1)), bound.given(2) ? near(bound.integer(2)) : 1)
                : new RangeValue(0, first, 1);
    }

    private static long near(BigInteger number) {
        if (number.abs().compareTo(FAR) > 0) {
            throw new PythonError("a range that far away");
        }
        return number.longValueExact();
    }

    private static DictValue dict(Arguments arguments, Budget budget) {
        var dict = new DictValue();
        if (arguments.positional().size() > 1) {
            throw new PythonError("dict expected at most 1 argument");
        }
        budget.checkCount(arguments.named().size());
        for (Value source : arguments.positional()) {
            budget.checkCount(source.hasLength() ? source.length() : 0);
            if (source instanceof DictValue other) {
                dict.putAll(other);
            } else {
                for (Iterator<Value> it = source.iterator(); it.hasNext(); ) {
                    List<Value> pair = SequenceFilters.items(it.next(), budget);
                    if (pair.size() != 2) {
                        throw new PythonError("dictionary update sequence element has length " + pair.size());
                    }
                    dict.put(pair.get(0), pair.get(1));
                }
            }
        }
        arguments.named().forEach(dict::put);
        return dict;
    }
}
