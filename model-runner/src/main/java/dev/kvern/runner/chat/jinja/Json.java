package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's {@code json.dumps}. Confined to a thread. */
final class Json {
    /**
     * @param asciiOnly writes other characters as escapes
     * @param indent of one level; null for all on one line
     */
    record Style(
            boolean asciiOnly, @Nullable String indent, String itemSeparator, String keySeparator, boolean sortKeys) {}

    private final Style style;
    private final TextBuilder out;
    private final Budget budget;

    private Json(Style style, Budget budget) {
        this.style = style;
        this.budget = budget;
        this.out = new TextBuilder(budget);
    }

    static String dump(Value value, Style style, Budget budget) {
        var json = new Json(style, budget);
        json.write(value);
        return json.out.toString();
    }

    private void write(Value value) {
        if (value instanceof Text text) {
            write(text.value());
        } else if (value == None.NONE) {
            out.append("null");
        } else if (value instanceof Bool bool) {
            out.append(bool.truthy() ? "true" : "false");
        } else if (value instanceof Int number) {
            out.append(number.value().toString());
        } else if (value instanceof Real real) {
            out.append(number(real.value()));
        } else if (value instanceof ListValue list) {
            writeItems(list.items());
        } else if (value instanceof TupleValue tuple) {
            writeItems(tuple.items());
        } else if (value instanceof DictValue dict) {
            writeEntries(dict);
        } else {
            throw new PythonError("Object of type " + value.typeName() + " is not JSON serializable");
        }
    }

    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        return Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Real.text(value);
    }

    private void writeItems(List<Value> items) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        out.nest();
        out.append("[");
        for (int i = 0; i < items.size(); i++) {
            begin(i);
            write(items.get(i));
        }
        end("]");
    }

    private void writeEntries(DictValue dict) {
        if (dict.length() == 0) {
            out.append("{}");
            return;
        }
        out.nest();
        out.append("{");
        int i = 0;
        for (DictValue.Entry entry : ordered(dict)) {
            begin(i++);
            write(key(entry.key()));
            out.append(style.keySeparator());
            write(entry.value());
        }
        end("}");
    }

    private Collection<DictValue.Entry> ordered(DictValue dict) {
        if (!style.sortKeys()) {
            return dict.entries();
        }
        var sorted = new ArrayList<>(dict.entries());
        sorted.sort(Comparator.comparing(DictValue.Entry::key, new Comparison(budget).order()));
        return sorted;
    }

    private static String key(Value key) {
        if (key instanceof Text text) {
            return text.value();
        } else if (key == None.NONE) {
            return "null";
        } else if (key instanceof Bool bool) {
            return bool.truthy() ? "true" : "false";
        } else if (key instanceof Int number) {
            return number.value().toString();
        } else if (key instanceof Real real) {
            return number(real.value());
        }
        throw new PythonError("keys must be str, int, float, bool or None, not " + key.typeName());
    }

    private void begin(int index) {
        if (index > 0) {
            out.append(style.itemSeparator());
        }
        newLine();
    }

    private void end(String bracket) {
        out.unnest();
        newLine();
        out.append(bracket);
    }

    private void newLine() {
        if (style.indent() != null) {
            budget.checkSize((long) style.indent().length() * out.nesting());
            out.append("\n" + style.indent().repeat(out.nesting()));
        }
    }

    private void write(String text) {
        var quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                case '\b' -> quoted.append("\\b");
                case '\f' -> quoted.append("\\f");
                default -> {
                    if (c < 0x20 || (style.asciiOnly() && c > 0x7e)) {
                        quoted.append(String.format("\\u%04x", (int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        out.append(quoted.append('"').toString());
    }
}
