package dev.kvern.runner.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Methods of lists and tuples that change nothing. */
final class ListMethods {
    private ListMethods() {}

    static @Nullable Value find(Value self, List<Value> items, String name) {
        Function function = switch (name) {
            case "count" -> (arguments, budget) -> count(items, arguments, budget);
            case "index" -> (arguments, budget) -> index(items, arguments, budget);
            case "copy" -> self instanceof ListValue ? (arguments, budget) -> self : null;
            default -> null;
        };
        return function == null ? null : new Method(self, name, function);
    }

    private static Value count(List<Value> items, Arguments arguments, Budget budget) {
        Value sought = arguments.inOrder("count", 1, 1).get(0);
        var comparison = new Comparison(budget);
        return Int.of(
                items.stream().filter(item -> comparison.equal(item, sought)).count());
    }

    private static Value index(List<Value> items, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.inOrder("index", 1, 3);
        var comparison = new Comparison(budget);
        int start = place(bound.number(1, 0), items.size());
        int stop = place(bound.number(2, items.size()), items.size());
        for (int i = start; i < stop; i++) {
            if (comparison.equal(items.get(i), bound.get(0))) {
                return Int.of(i);
            }
        }
        throw new PythonError(TextBuilder.repr(bound.get(0), budget) + " is not in list");
    }

    private static int place(int index, int size) {
        return Math.min(size, index < 0 ? Math.max(0, index + size) : index);
    }
}
