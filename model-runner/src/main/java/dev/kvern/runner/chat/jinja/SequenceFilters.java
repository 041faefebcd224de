package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Filters that look at a sequence as a whole, and {@code default}. */
final class SequenceFilters {
    private SequenceFilters() {}

    static Map<String, Filters.Filter> all() {
        Map<String, Filters.Filter> all = new HashMap<>();
        all.put("length", SequenceFilters::length);
        all.put("count", SequenceFilters::length);
        all.put("default", SequenceFilters::absent);
        all.put("d", SequenceFilters::absent);
        all.put("first", SequenceFilters::first);
        all.put("last", SequenceFilters::last);
        all.put("list", (input, arguments, budget) -> {
            arguments.inOrder("list", 0, 0);
            return new ListValue(items(input, budget));
        });
        all.put("items", SequenceFilters::entries);
        all.put("join", SequenceFilters::join);
        all.put("reverse", SequenceFilters::reverse);
        all.put("sum", SequenceFilters::sum);
        all.put("batch", SequenceFilters::batch);
        all.put("slice", SequenceFilters::slice);
        all.put("attr", SequenceFilters::attribute);
        return all;
    }

    /** All items, read to the end. */
    static List<Value> items(Value value, Budget budget) {
        budget.charge(value);
        var items = new ArrayList<Value>();
        for (Iterator<Value> it = value.iterator(); it.hasNext(); ) {
            budget.step();
            budget.checkNext(items.size());
            items.add(it.next());
        }
        return items;
    }

    private static Value length(Value input, Arguments arguments, Budget budget) {
        arguments.inOrder("length", 0, 0);
        return Int.of(input.length());
    }

    private static Value absent(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("default", 0, "default_value", "boolean");
        boolean missing = input instanceof Undefined || (bound.truthy(1, false) && !input.truthy());
        return missing ? bound.get(0, Text.EMPTY) : input;
    }

    private static Value first(Value input, Arguments arguments, Budget budget) {
        arguments.inOrder("first", 0, 0);
        Iterator<Value> items = input.iterator();
        return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
    }

    private static Value last(Value input, Arguments arguments, Budget budget) {
        arguments.inOrder("last", 0, 0);
        if (!input.hasLength() || !input.isIterable()) {
            throw new PythonError("'" + input.typeName() + "' object is not reversible");
        }
        List<Value> items = items(input, budget);
        return items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.get(items.size() - 1);
    }

    private static Value entries(Value input, Arguments arguments, Budget budget) {
        arguments.inOrder("items", 0, 0);
        return Generators.lazily(() -> {
            if (input instanceof Undefined) {
                return Collections.emptyIterator();
            }
            if (!(input instanceof DictValue dict)) {
                throw new PythonError("Can only get item pairs from a mapping.");
            }
            return new DictView(DictView.Kind.ITEMS, dict).iterator();
        });
    }

    private static Value join(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("join", 0, "d", "attribute");
        String separator = TextBuilder.str(bound.get(0, Text.EMPTY), budget);
        AttributePath path = AttributePath.of(bound.get(1, None.NONE));
        var out = new TextBuilder(budget);
        boolean first = true;
        for (Iterator<Value> it = input.iterator(); it.hasNext(); first = false) {
            budget.step();
            out.append(first ? "" : separator).appendStr(path.in(it.next(), budget));
        }
        return Text.of(out.toString());
    }

    private static Value reverse(Value input, Arguments arguments, Budget budget) {
        arguments.inOrder("reverse", 0, 0);
        if (input instanceof Text text) {
            return text.with(new StringBuilder(text.value()).reverse().toString());
        }
        List<Value> items = items(input, budget);
        Collections.reverse(items);
        // What has no length cannot be read backwards; Python then makes a list.
        return input.hasLength() ? new LazyValue(items.iterator()) : new ListValue(items);
    }

    private static Value sum(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("sum", 0, "attribute", "start");
        Value sum = bound.get(1, Int.of(0));
        if (sum instanceof Text) {
            throw new PythonError("sum() can't sum strings");
        }
        AttributePath path = AttributePath.of(bound.get(0, None.NONE));
        for (Iterator<Value> it = input.iterator(); it.hasNext(); ) {
            budget.step();
            sum = Arithmetic.apply(BinaryOperator.ADD, sum, path.in(it.next(), budget), budget);
        }
        return sum;
    }

    private static Value batch(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("batch", 1, "linecount", "fill_with");
        int size = bound.number(0, 0);
        return Generators.lazily(() -> {
            var batches = new ArrayList<Value>();
            List<Value> batch = new ArrayList<>();
            for (Value item : items(input, budget)) {
                if (batch.size() == size) {
                    batches.add(new ListValue(batch));
                    batch.clear();
                }
                batch.add(item);
            }
            if (!batch.isEmpty()) {
                int missing = bound.meant(1) ? Math.max(0, size - batch.size()) : 0;
                budget.checkCount(missing);
                batch.addAll(Collections.nCopies(missing, bound.get(1, None.NONE)));
                batches.add(new ListValue(batch));
            }
            return batches.iterator();
        });
    }

    private static Value slice(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("slice", 1, "slices", "fill_with");
        int slices = bound.number(0, 0);
        return Generators.lazily(() -> {
            if (slices == 0) {
                throw new PythonError("integer division or modulo by zero");
            }
            List<Value> items = items(input, budget);
            budget.checkCount(Math.max(0, slices));
            var cut = new ArrayList<Value>();
            int from = 0;
            for (int i = 0; i < slices; i++) {
                boolean longer = i < items.size() % slices;
                int to = from + items.size() / slices + (longer ? 1 : 0);
                List<Value> part = new ArrayList<>(items.subList(from, to));
                if (bound.meant(1) && !longer) {
                    part.add(bound.get(1));
                }
                cut.add(new ListValue(part));
                from = to;
            }
            return cut.iterator();
        });
    }

    private static Value attribute(Value input, Arguments arguments, Budget budget) {
        String name = arguments.byName("attr", 1, "name").text(0);
        Value found = input.attribute(name);
        return found == null ? Undefined.of(input, name) : found;
    }
}
