package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The variable {@code loop}. Reads ahead in what the loop runs over only when asked about the next item or the length.
 * Confined to a thread.
 */
final class LoopValue implements Value {
    private final Value iterable;
    private final int depth0;
    private final @Nullable Function recursion;
    private Iterator<Value> items;
    private int index0 = -1;
    private int length = -1;
    private @Nullable Value before;
    private @Nullable Value current;
    private @Nullable Value after;
    private @Nullable Value lastChanged;

    /** @param recursion what calling {@code loop} does; null if it cannot be called */
    LoopValue(Value iterable, int depth0, @Nullable Function recursion) {
        this.iterable = iterable;
        this.depth0 = depth0;
        this.recursion = recursion;
        this.items = iterable.iterator();
    }

    /** The next item, or null at the end. */
    @Nullable
    Value advance() {
        Value next = peek();
        if (next == null) {
            return null;
        }
        after = null;
        index0++;
        before = current;
        current = next;
        return next;
    }

    private @Nullable Value peek() {
        if (after == null && items.hasNext()) {
            after = items.next();
        }
        return after;
    }

    @Override
    public int length() {
        if (length < 0) {
            if (iterable.hasLength()) {
                length = iterable.length();
            } else {
                List<Value> rest = new ArrayList<>();
                items.forEachRemaining(rest::add);
                items = rest.iterator();
                length = rest.size() + index0 + 1 + (after == null ? 0 : 1);
            }
        }
        return length;
    }

    Value call(Arguments arguments, Budget budget) {
        if (recursion == null) {
            throw new PythonError("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recursion.call(arguments, budget);
    }

    @Override
    public @Nullable Value attribute(String name) {
        return switch (name) {
            case "index" -> Int.of(index0 + 1L);
            case "index0" -> Int.of(index0);
            case "first" -> Bool.of(index0 == 0);
            case "last" -> Bool.of(peek() == null);
            case "length" -> Int.of(length());
            case "revindex" -> Int.of((long) length() - index0);
            case "revindex0" -> Int.of(length() - index0 - 1L);
            case "depth" -> Int.of(depth0 + 1L);
            case "depth0" -> Int.of(depth0);
            case "previtem" -> neighbour(before, "there is no previous item");
            case "nextitem" -> neighbour(peek(), "there is no next item");
            case "cycle" -> new Method(this, name, (arguments, budget) -> cycle(arguments));
            case "changed" -> new Method(this, name, this::changed);
            default -> null;
        };
    }

    private static Value neighbour(@Nullable Value item, String absent) {
        return item == null ? new Undefined(absent) : item;
    }

    private Value cycle(Arguments arguments) {
        if (arguments.positional().isEmpty()) {
            throw new PythonError("no items for cycling given");
        }
        return arguments.positional().get(index0 % arguments.positional().size());
    }

    private Value changed(Arguments arguments, Budget budget) {
        var value = new TupleValue(arguments.positional());
        boolean changed = lastChanged == null || !new Comparison(budget).equal(lastChanged, value);
        lastChanged = value;
        return Bool.of(changed);
    }

    @Override
    public String typeName() {
        return "LoopContext";
    }

    @Override
    public boolean truthy() {
        return length() > 0;
    }

    @Override
    public boolean hasLength() {
        return true;
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("<LoopContext " + (index0 + 1) + "/" + length() + ">");
    }
}
