package dev.kvern.runner.chat.jinja;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Filters that keep, drop or change the items of a sequence, one at a time. */
final class SelectionFilters {
    private SelectionFilters() {}

    static Map<String, Filters.Filter> all() {
        Map<String, Filters.Filter> all = new HashMap<>();
        all.put("map", SelectionFilters::map);
        all.put("select", (input, arguments, budget) -> select(input, arguments, false, true, budget));
        all.put("reject", (input, arguments, budget) -> select(input, arguments, false, false, budget));
        all.put("selectattr", (input, arguments, budget) -> select(input, arguments, true, true, budget));
        all.put("rejectattr", (input, arguments, budget) -> select(input, arguments, true, false, budget));
        all.put("unique", SelectionFilters::unique);
        return all;
    }

    private static Value map(Value input, Arguments arguments, Budget budget) {
        return Generators.lazily(() -> {
            if (!input.truthy()) {
                return Collections.emptyIterator();
            }
            return Generators.map(input.iterator(), mapping(arguments, budget));
        });
    }

    private static UnaryOperator<Value> mapping(Arguments arguments, Budget budget) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Arguments.Bound bound = arguments.byName("map", 1, "attribute", "default");
            AttributePath path = AttributePath.of(bound.get(0), bound.get(1, None.NONE));
            return item -> {
                budget.step();
                return path.in(item, budget);
            };
        }
        String filter = name(arguments, 0, "map requires a filter argument");
        Arguments rest = arguments.skip(1);
        return item -> {
            budget.step();
            budget.charge(item);
            Value result = Filters.apply(filter, item, rest, budget);
            budget.made(result);
            return result;
        };
    }

    private static String name(Arguments arguments, int index, String absent) {
        List<Value> positional = arguments.positional();
        if (index >= positional.size()) {
            throw new PythonError(absent);
        }
        if (positional.get(index) instanceof Text text) {
            return text.value();
        }
        throw new PythonError("the name of a filter or test must be a str; did you forget to quote it?");
    }

    private static Value select(Value input, Arguments arguments, boolean byAttribute, boolean keeps, Budget budget) {
        return Generators.lazily(() -> {
            if (!input.truthy()) {
                return Collections.emptyIterator();
            }
            int at = byAttribute ? 1 : 0;
            if (arguments.positional().size() < at) {
                throw new PythonError("Missing parameter for attribute name");
            }
            AttributePath path =
                    AttributePath.of(byAttribute ? arguments.positional().get(0) : None.NONE);
            if (arguments.positional().size() == at) {
                return Generators.filter(input.iterator(), item -> {
                    budget.step();
                    return path.in(item, budget).truthy() == keeps;
                });
            }
            String test = name(arguments, at, "");
            Arguments rest = arguments.skip(at + 1);
            return Generators.filter(input.iterator(), item -> {
                budget.step();
                budget.charge(item);
                return Tests.holds(test, path.in(item, budget), rest, budget) == keeps;
            });
        });
    }

    private static Value unique(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("unique", 0, "case_sensitive", "attribute");
        AttributePath path = AttributePath.of(bound.get(1, None.NONE));
        boolean caseSensitive = bound.truthy(0, false);
        return Generators.lazily(() -> {
            Set<Object> seen = new HashSet<>();
            return Generators.filter(input.iterator(), item -> {
                budget.step();
                return seen.add(DictKey.of(OrderFilters.sortKey(path.in(item, budget), caseSensitive, budget)));
            });
        });
    }
}
