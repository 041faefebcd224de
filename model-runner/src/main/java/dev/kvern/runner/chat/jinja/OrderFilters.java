package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Filters that sort, or look for the smallest or largest. */
final class OrderFilters {
    private record Keyed(Value key, Value item) {}

    private OrderFilters() {}

    static Map<String, Filters.Filter> all() {
        Map<String, Filters.Filter> all = new HashMap<>();
        all.put("sort", OrderFilters::sort);
        all.put("dictsort", OrderFilters::dictSort);
        all.put("min", (input, arguments, budget) -> extreme(input, arguments, false, budget));
        all.put("max", (input, arguments, budget) -> extreme(input, arguments, true, budget));
        return all;
    }

    static Value sortKey(Value value, boolean caseSensitive, Budget budget) {
        if (value instanceof Text) {
            budget.charge(value);
        }
        return !caseSensitive && value instanceof Text text ? text.with(TextCase.lower(text.value())) : value;
    }

    private static Value sort(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("sort", 0, "reverse", "case_sensitive", "attribute");
        boolean caseSensitive = bound.truthy(1, false);
        Value attribute = bound.get(2, None.NONE);
        List<AttributePath> paths = attribute instanceof Text text
                ? Stream.of(text.value().split(",", -1))
                        .map(part -> AttributePath.of(Text.of(part)))
                        .toList()
                : List.of(AttributePath.of(attribute));
        var keyed = new ArrayList<Keyed>();
        for (Value item : SequenceFilters.items(input, budget)) {
            Value key = new ListValue(paths.stream()
                    .map(path -> sortKey(path.in(item, budget), caseSensitive, budget))
                    .toList());
            keyed.add(new Keyed(key, item));
        }
        return sorted(keyed, bound.truthy(0, false), budget);
    }

    private static Value dictSort(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("dictsort", 0, "case_sensitive", "by", "reverse");
        String by = bound.given(1) ? bound.text(1) : "key";
        if (!"key".equals(by) && !"value".equals(by)) {
            throw new PythonError("You can only sort by either \"key\" or \"value\"");
        }
        if (input instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (!(input instanceof DictValue dict)) {
            throw new PythonError("'" + input.typeName() + "' object has no attribute 'items'");
        }
        boolean caseSensitive = bound.truthy(0, false);
        var keyed = new ArrayList<Keyed>();
        for (DictValue.Entry entry : dict.entries()) {
            Value key = "key".equals(by) ? entry.key() : entry.value();
            keyed.add(new Keyed(sortKey(key, caseSensitive, budget), entry.pair()));
        }
        return sorted(keyed, bound.truthy(2, false), budget);
    }

    private static Value sorted(List<Keyed> keyed, boolean reverse, Budget budget) {
        Comparator<Keyed> order = Comparator.comparing(Keyed::key, new Comparison(budget).order());
        try {
            keyed.sort(reverse ? order.reversed() : order);
        } catch (IllegalArgumentException e) {
            // NaN among the keys: no order, which Java's sort may notice and Python's does not.
            throw new PythonError("values without an order");
        }
        return new ListValue(keyed.stream().map(Keyed::item).toList());
    }

    private static Value extreme(Value input, Arguments arguments, boolean largest, Budget budget) {
        Arguments.Bound bound = arguments.byName(largest ? "max" : "min", 0, "case_sensitive", "attribute");
        boolean caseSensitive = bound.truthy(0, false);
        AttributePath path = AttributePath.of(bound.get(1, None.NONE));
        var comparison = new Comparison(budget);
        Keyed best = null;
        for (Value item : SequenceFilters.items(input, budget)) {
            var candidate = new Keyed(sortKey(path.in(item, budget), caseSensitive, budget), item);
            if (best == null
                    || (largest
                            ? comparison.less(best.key(), candidate.key())
                            : comparison.less(candidate.key(), best.key()))) {
                best = candidate;
            }
        }
        return best == null ? new Undefined("No aggregated item, sequence was empty.") : best.item();
    }
}
