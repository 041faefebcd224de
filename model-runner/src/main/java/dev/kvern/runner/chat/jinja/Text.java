package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Python's {@code str}: a sequence of code points.
 *
 * @param safe what the filter {@code safe} makes: it turns what is added to it into HTML, also where nothing else escapes
 */
record Text(String value, boolean safe) implements Value {
    static final Text EMPTY = Text.of("");

    static Text of(String value) {
        return new Text(value, false);
    }

    static Text ofCodePoint(int codePoint) {
        return of(Character.toString(codePoint));
    }

    /** This text's own, so that what is made of it stays safe. */
    Text with(String other) {
        return new Text(other, safe);
    }

    @Override
    public String typeName() {
        return safe ? "Markup" : "str";
    }

    @Override
    public boolean truthy() {
        return !value.isEmpty();
    }

    @Override
    public void repr(TextBuilder out) {
        if (safe) {
            out.append("Markup(");
            Quoting.append(value, out);
            out.append(")");
        } else {
            Quoting.append(value, out);
        }
    }

    @Override
    public void str(TextBuilder out) {
        out.append(value);
    }

    @Override
    public boolean isIterable() {
        return true;
    }

    @Override
    public Iterator<Value> iterator() {
        return value.codePoints()
                .mapToObj(c -> (Value) with(Character.toString(c)))
                .iterator();
    }

    @Override
    public boolean hasLength() {
        return true;
    }

    @Override
    public int length() {
        return value.codePointCount(0, value.length());
    }

    @Override
    public @Nullable Value item(Value key) {
        BigInteger index = Numbers.index(key);
        int at = index == null ? -1 : SliceBounds.position(index, length());
        if (at < 0) {
            return null;
        }
        return with(Character.toString(value.codePointAt(value.offsetByCodePoints(0, at))));
    }

    @Override
    public @Nullable Value attribute(String name) {
        return TextMethods.find(this, name);
    }
}
