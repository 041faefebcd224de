package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;

/** Python's {@code str.format}: {@code {}}, {@code {0}}, {@code {name.attribute[key]!r:spec}}. */
final class BraceFormat {
    private static final int MOST_NESTING = 1;

    private final Arguments arguments;
    private final Budget budget;
    private int next;

    private BraceFormat(Arguments arguments, Budget budget) {
        this.arguments = arguments;
        this.budget = budget;
    }

    static String format(String format, Arguments arguments, Budget budget) {
        return new BraceFormat(arguments, budget).format(format, MOST_NESTING);
    }

    private String format(String format, int nesting) {
        if (nesting < 0) {
            throw new PythonError("Max string recursion exceeded");
        }
        var out = new TextBuilder(budget);
        int at = 0;
        while (at < format.length()) {
            char c = format.charAt(at);
            boolean doubled = at + 1 < format.length() && format.charAt(at + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(String.valueOf(c));
                at += 2;
            } else if (c == '{') {
                int end = closing(format, at);
                out.append(field(format.substring(at + 1, end), nesting));
                at = end + 1;
            } else if (c == '}') {
                throw new PythonError("Single '}' encountered in format string");
            } else {
                int end = at;
                while (end < format.length() && format.charAt(end) != '{' && format.charAt(end) != '}') {
                    end++;
                }
                out.append(format.substring(at, end));
                at = end;
            }
        }
        return out.toString();
    }

    private static int closing(String format, int open) {
        int depth = 0;
        for (int i = open; i < format.length(); i++) {
            if (format.charAt(i) == '{') {
                depth++;
            } else if (format.charAt(i) == '}' && --depth == 0) {
                return i;
            }
        }
        throw new PythonError("expected '}' before end of string");
    }

    private String field(String field, int nesting) {
        int colon = field.indexOf(':');
        String name = colon < 0 ? field : field.substring(0, colon);
        int bang = name.indexOf('!');
        String conversion = bang < 0 ? "" : name.substring(bang + 1);
        Value value = value(bang < 0 ? name : name.substring(0, bang));
        // After the value: fields without a name are counted in this order.
        String spec = colon < 0 ? "" : format(field.substring(colon + 1), nesting - 1);
        Value converted = switch (conversion) {
            case "" -> value;
            case "r" -> Text.of(TextBuilder.repr(value, budget));
            case "s" -> Text.of(TextBuilder.str(value, budget));
            default -> throw new PythonError("Unknown conversion specifier '" + conversion + "'");
        };
        if (spec.isEmpty()) {
            return TextBuilder.str(converted, budget);
        }
        return FormatSpec.parse(spec).format(converted, budget);
    }

    private Value value(String name) {
        int end = 0;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
            end++;
        }
        Value value = first(name.substring(0, end));
        while (end < name.length()) {
            int start = end + 1;
            if (name.charAt(end) == '.') {
                end = start;
                while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
                    end++;
                }
                value = Lookup.attribute(value, name.substring(start, end));
            } else {
                int close = name.indexOf(']', start);
                if (name.charAt(end) != '[' || close < 0) {
                    throw new PythonError("Missing ']' in format string");
                }
                value = Lookup.item(value, key(name.substring(start, close)));
                end = close + 1;
            }
        }
        return value;
    }

    private static Value key(String key) {
        return Characters.all(key, c -> c >= '0' && c <= '9') ? new Int(new BigInteger(key)) : Text.of(key);
    }

    private Value first(String name) {
        if (name.isEmpty() || Characters.all(name, c -> c >= '0' && c <= '9')) {
            int index = name.isEmpty() ? next++ : Numbers.clamp(new BigInteger(name));
            if (index >= arguments.positional().size()) {
                throw new PythonError("Replacement index " + index + " out of range for positional args tuple");
            }
            return arguments.positional().get(index);
        }
        Value value = arguments.named().get(name);
        if (value == null) {
            throw new PythonError("KeyError: '" + name + "'");
        }
        return value;
    }
}
