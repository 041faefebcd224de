package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's {@code format % arguments}. */
final class PrintfFormat {
    private static final Pattern DIRECTIVE = Pattern.compile(
            "%(?:\\(([^()]*)\\))?([-+ #0]*)(\\*|\\d{1,6})?(?:\\.(\\*|\\d{0,6}))?[hlL]?(.)?", Pattern.DOTALL);

    private final Value arguments;
    private final List<Value> inOrder;
    private final Budget budget;
    private int next;

    private PrintfFormat(Value arguments, Budget budget) {
        this.arguments = arguments;
        this.inOrder = arguments instanceof TupleValue tuple ? tuple.items() : List.of(arguments);
        this.budget = budget;
    }

    static String format(String format, Value arguments, Budget budget) {
        return new PrintfFormat(arguments, budget).format(format);
    }

    private String format(String format) {
        var out = new TextBuilder(budget);
        Matcher directive = DIRECTIVE.matcher(format);
        int end = 0;
        boolean byName = false;
        while (directive.find()) {
            out.append(format.substring(end, directive.start()));
            end = directive.end();
            byName |= directive.group(1) != null;
            out.append(written(directive));
        }
        out.append(format.substring(end));
        // Python takes whatever has items for a mapping, which need not be used up.
        boolean mapping = arguments instanceof DictValue
                || arguments instanceof ListValue
                || arguments instanceof RangeValue
                || arguments instanceof Undefined;
        if (!byName && next < inOrder.size() && !mapping) {
            throw new PythonError("not all arguments converted during string formatting");
        }
        return out.toString();
    }

    private String written(Matcher directive) {
        String conversion = directive.group(5);
        if (conversion == null) {
            throw new PythonError("incomplete format");
        }
        if ("%".equals(conversion)) {
            return "%";
        }
        int width = size(directive.group(3), 0);
        int precision = size(directive.group(4), -1);
        String key = directive.group(1);
        return written(
                key == null ? nextArgument() : named(key), directive.group(2), width, precision, conversion.charAt(0));
    }

    private String written(Value value, String flags, int width, int precision, char conversion) {
        boolean left = flags.contains("-") || width < 0;
        boolean zeros = flags.contains("0") && !left;
        char sign = flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-';
        boolean numeric = "diuoxXeEfFgG".indexOf(conversion) >= 0;
        char align = left ? '<' : zeros && numeric ? '=' : '>';
        char type = conversion == 'i' || conversion == 'u' ? 'd' : conversion;
        boolean whole = "doxX".indexOf(type) >= 0;
        var spec = new FormatSpec(
                zeros && numeric ? "0" : " ",
                align,
                sign,
                flags.contains("#"),
                Math.abs(width),
                '\0',
                whole || precision < 0 ? (whole ? -1 : precision) : precision,
                numeric ? type : 's');
        budget.checkSize(Math.abs(width) + Math.max(0, precision));
        return switch (conversion) {
            case 's' -> spec.text(TextBuilder.str(value, budget));
            case 'r' -> spec.text(TextBuilder.repr(value, budget));
            case 'a' -> spec.text(ascii(TextBuilder.repr(value, budget)));
            case 'c' -> spec.text(character(value));
            case 'd', 'i', 'u' -> spec.integer(truncated(value, conversion));
            case 'o', 'x', 'X' -> spec.integer(strictlyWhole(value, conversion));
            case 'e', 'E', 'f', 'F', 'g', 'G' -> spec.real(Numbers.real(value));
            default ->
                throw new PythonError(String.format(Locale.ROOT, "unsupported format character '%c'", conversion));
        };
    }

    private int size(@Nullable String text, int absent) {
        if (text == null) {
            return absent;
        }
        if ("*".equals(text)) {
            int size = Numbers.clamp(strictlyWhole(nextArgument(), '*'));
            budget.checkSize(Math.abs((long) size));
            return size;
        }
        return text.isEmpty() ? 0 : Integer.parseInt(text);
    }

    private Value nextArgument() {
        if (next >= inOrder.size()) {
            throw new PythonError("not enough arguments for format string");
        }
        return inOrder.get(next++);
    }

    private Value named(String key) {
        if (!(arguments instanceof DictValue dict)) {
            throw new PythonError("format requires a mapping");
        }
        Value value = dict.get(Text.of(key));
        if (value == null) {
            throw new PythonError("KeyError: '" + key + "'");
        }
        return value;
    }

    private static BigInteger truncated(Value value, char conversion) {
        if (value instanceof Real real && Double.isFinite(real.value())) {
            return Numbers.truncate(real.value());
        }
        BigInteger whole = Numbers.index(value);
        if (whole == null) {
            throw new PythonError("%" + conversion + " format: a real number is required, not " + value.typeName());
        }
        return whole;
    }

    private static BigInteger strictlyWhole(Value value, char conversion) {
        BigInteger whole = Numbers.index(value);
        if (whole == null) {
            throw new PythonError("%" + conversion + " format: an integer is required, not " + value.typeName());
        }
        return whole;
    }

    private static String character(Value value) {
        if (value instanceof Text text && text.length() == 1) {
            return text.value();
        }
        int codePoint = Numbers.clamp(strictlyWhole(value, 'c'));
        if (!Character.isValidCodePoint(codePoint)) {
            throw new PythonError("a character beyond 0x10ffff");
        }
        return Character.toString(codePoint);
    }

    private static String ascii(String text) {
        var ascii = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c < 0x80) {
                ascii.append((char) c);
            } else {
                ascii.append(String.format(c <= 0xff ? "\\x%02x" : c <= 0xffff ? "\\u%04x" : "\\U%08x", c));
            }
        });
        return ascii.toString();
    }
}
