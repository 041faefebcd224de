package dev.kvern.runner.chat.jinja;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** jinja2's filters, but for those that are about HTML pages. */
final class Filters {
    interface Filter {
        Value apply(Value input, Arguments arguments, Budget budget);
    }

    private static final Map<String, Filter> ALL = new TreeMap<>();

    static {
        ALL.putAll(TextFilters.all());
        ALL.putAll(NumberFilters.all());
        ALL.putAll(SequenceFilters.all());
        ALL.putAll(SelectionFilters.all());
        ALL.putAll(OrderFilters.all());
    }

    private Filters() {}

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    static Value apply(String name, Value input, Arguments arguments, Budget budget) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw new PythonError("No filter named '" + name + "'");
        }
        return filter.apply(input, arguments, budget);
    }
}
