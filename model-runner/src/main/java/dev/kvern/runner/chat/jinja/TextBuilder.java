package dev.kvern.runner.chat.jinja;

import java.util.List;

/** Collects text within a {@link Budget}. Confined to a thread. */
final class TextBuilder {
    private final StringBuilder text = new StringBuilder();
    private final Budget budget;
    private int nesting;

    TextBuilder(Budget budget) {
        this.budget = budget;
    }

    static String str(Value value, Budget budget) {
        // The usual case, and free.
        return value instanceof Text text
                ? text.value()
                : new TextBuilder(budget).appendStr(value).toString();
    }

    static String repr(Value value, Budget budget) {
        var builder = new TextBuilder(budget);
        value.repr(builder);
        return builder.toString();
    }

    void charge(int characters) {
        budget.charge(characters);
    }

    TextBuilder append(String more) {
        budget.charge(more.length());
        if (text.length() + (long) more.length() > Budget.VALUE_SIZE) {
            throw new PythonError("a text of more than " + Budget.VALUE_SIZE + " characters");
        }
        text.append(more);
        return this;
    }

    TextBuilder appendStr(Value value) {
        value.str(this);
        return this;
    }

    void appendReprs(List<Value> items) {
        nest();
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                append(", ");
            }
            items.get(i).repr(this);
        }
        unnest();
    }

    void nest() {
        if (++nesting > Budget.NESTING) {
            throw new PythonError("a value nested more than " + Budget.NESTING + " deep");
        }
    }

    void unnest() {
        nesting--;
    }

    int nesting() {
        return nesting;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
