package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Which elements of a sequence {@code [start:stop:step]} means.
 *
 * @param first position of the first one
 * @param count how many there are
 */
record SliceBounds(int first, int step, int count) {
    /** Position of element {@code index} of a sequence, negative ones counting from its end; -1 if it has none. */
    static int position(BigInteger index, int length) {
        BigInteger at = index.signum() < 0 ? index.add(BigInteger.valueOf(length)) : index;
        return at.signum() < 0 || at.compareTo(BigInteger.valueOf(length)) >= 0 ? -1 : at.intValue();
    }

    static SliceBounds of(Value start, Value stop, Value step, int length) {
        int stride = step == None.NONE ? 1 : Numbers.clamp(whole(step));
        if (stride == 0) {
            throw new PythonError("slice step cannot be zero");
        }
        boolean forward = stride > 0;
        // Backwards, the place before the first element is -1.
        int lowest = forward ? 0 : -1;
        int highest = forward ? length : length - 1;
        int from = start == None.NONE ? (forward ? lowest : highest) : limit(whole(start), length, lowest, highest);
        int to = stop == None.NONE ? (forward ? highest : lowest) : limit(whole(stop), length, lowest, highest);
        long span = forward ? (long) to - from : (long) from - to;
        long count = span <= 0 ? 0 : (span - 1) / Math.abs((long) stride) + 1;
        return new SliceBounds(from, stride, (int) count);
    }

    private static BigInteger whole(Value value) {
        BigInteger index = Numbers.index(value);
        if (index == null) {
            throw new PythonError("slice indices must be integers or None");
        }
        return index;
    }

    private static int limit(BigInteger index, int length, int lowest, int highest) {
        BigInteger at = index.signum() < 0 ? index.add(BigInteger.valueOf(length)) : index;
        return at.max(BigInteger.valueOf(lowest))
                .min(BigInteger.valueOf(highest))
                .intValue();
    }

    <T> List<T> pick(IntFunction<T> element) {
        var picked = new ArrayList<T>(count);
        for (int i = 0; i < count; i++) {
            picked.add(element.apply(first + i * step));
        }
        return picked;
    }

    /** Python's {@code value[start:stop:step]}. */
    static Value slice(Value value, Value start, Value stop, Value step) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        } else if (value instanceof Text text) {
            return text.with(slice(text.value(), start, stop, step));
        } else if (value instanceof ListValue list) {
            return new ListValue(of(start, stop, step, list.length()).pick(list.items()::get));
        } else if (value instanceof TupleValue tuple) {
            return new TupleValue(of(start, stop, step, tuple.length()).pick(tuple.items()::get));
        } else if (value instanceof RangeValue range) {
            SliceBounds bounds = of(start, stop, step, range.length());
            long first = range.start() + bounds.first * range.step();
            long stride = bounds.step * range.step();
            return new RangeValue(first, first + bounds.count * stride, stride);
        }
        throw new PythonError("'" + value.typeName() + "' object is not subscriptable by a slice");
    }

    private static String slice(String text, Value start, Value stop, Value step) {
        int length = text.codePointCount(0, text.length());
        SliceBounds bounds = of(start, stop, step, length);
        if (bounds.step == 1) {
            int from = text.offsetByCodePoints(0, bounds.count == 0 ? 0 : bounds.first);
            return text.substring(from, text.offsetByCodePoints(from, bounds.count));
        }
        int[] codePoints = text.codePoints().toArray();
        var picked = new StringBuilder();
        bounds.pick(i -> codePoints[i]).forEach(picked::appendCodePoint);
        return picked.toString();
    }
}
