package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Python's {@code range}; as in jinja2's sandbox, of a limited length. */
record RangeValue(long start, long stop, long step) implements Value {
    private static final int MAX_LENGTH = 100_000;

    RangeValue {
        if (step == 0) {
            throw new PythonError("range() arg 3 must not be zero");
        }
        if (lengthOf(start, stop, step) > MAX_LENGTH) {
            throw new PythonError("a range of more than " + MAX_LENGTH + " items");
        }
    }

    private static long lengthOf(long start, long stop, long step) {
        long span = step > 0 ? stop - start : start - stop;
        return span <= 0 ? 0 : (span - 1) / Math.abs(step) + 1;
    }

    Int at(int index) {
        return Int.of(start + index * step);
    }

    @Override
    public String typeName() {
        return "range";
    }

    @Override
    public boolean truthy() {
        return length() > 0;
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("range(" + start + ", " + stop + (step == 1 ? "" : ", " + step) + ")");
    }

    @Override
    public boolean isIterable() {
        return true;
    }

    @Override
    public Iterator<Value> iterator() {
        return items().iterator();
    }

    @Override
    public boolean hasLength() {
        return true;
    }

    @Override
    public int length() {
        return (int) lengthOf(start, stop, step);
    }

    @Override
    public @Nullable Value item(Value key) {
        BigInteger index = Numbers.index(key);
        int at = index == null ? -1 : SliceBounds.position(index, length());
        return at < 0 ? null : at(at);
    }

    @Override
    public @Nullable Value attribute(String name) {
        return switch (name) {
            case "start" -> Int.of(start);
            case "stop" -> Int.of(stop);
            case "step" -> Int.of(step);
            default -> ListMethods.find(this, items(), name);
        };
    }

    private List<Value> items() {
        return IntStream.range(0, length()).mapToObj(i -> (Value) at(i)).toList();
    }
}
