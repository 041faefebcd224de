package dev.kvern.runner.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a value is written: Python's format specification, {@code [[fill]align][sign][#][0][width][,][.precision][type]}.
 *
 * @param align one of {@code <>^=}, or 0 for the type's own
 * @param sign one of {@code +-}, or a space
 * @param grouping {@code ,} or {@code _} between thousands, or 0 for nothing
 * @param precision -1 if none is given
 * @param type 0 if none is given
 */
record FormatSpec(
        String fill, char align, char sign, boolean alternate, int width, char grouping, int precision, char type) {
    private static final Pattern SPEC = Pattern.compile(
            "(?:(.)?([<>^=]))?([-+ ])?(#)?(0)?(\\d{1,6})?([,_])?(?:\\.(\\d{1,6}))?([a-zA-Z%])?", Pattern.DOTALL);
    private static final int LARGEST_PRECISION = 2_000;

    static FormatSpec parse(String text) {
        Matcher parts = SPEC.matcher(text);
        if (!parts.matches()) {
            throw new PythonError("Invalid format specifier '" + text + "'");
        }
        boolean zeros = parts.group(5) != null;
        char align = first(parts.group(2), zeros ? '=' : '\0');
        String fill = parts.group(1) != null ? parts.group(1) : zeros ? "0" : " ";
        return new FormatSpec(
                fill,
                align,
                first(parts.group(3), '-'),
                parts.group(4) != null,
                number(parts.group(6), 0),
                first(parts.group(7), '\0'),
                number(parts.group(8), -1),
                first(parts.group(9), '\0'));
    }

    private static char first(@Nullable String text, char absent) {
        return text == null ? absent : text.charAt(0);
    }

    private static int number(@Nullable String text, int absent) {
        return text == null ? absent : Integer.parseInt(text);
    }

    /** Python's {@code format(value, spec)}. */
    String format(Value value, Budget budget) {
        budget.charge(width + Math.max(0, precision));
        if (value instanceof Real real) {
            return real(real.value());
        }
        BigInteger whole = Numbers.index(value);
        if (whole != null && !(value instanceof Bool && type == '\0')) {
            return "eEfFgG%".indexOf(type) >= 0 && type != '\0' ? real(Numbers.real(value)) : integer(whole);
        }
        if (type != 's' && type != '\0') {
            throw new PythonError("Unknown format code '" + type + "' for object of type '" + value.typeName() + "'");
        }
        return text(TextBuilder.str(value, budget));
    }

    /** As a text, cut to the precision. */
    String text(String text) {
        if (align == '=') {
            throw new PythonError("'=' alignment not allowed in string format specifier");
        }
        int length = text.codePointCount(0, text.length());
        String cut =
                precision >= 0 && precision < length ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
        return padded("", cut, '<');
    }

    String integer(BigInteger value) {
        String digits = switch (type) {
            case '\0', 'd', 'n' -> grouped(value.abs().toString(), 3);
            case 'b' -> (alternate ? "0b" : "") + grouped(value.abs().toString(2), 4);
            case 'o' -> (alternate ? "0o" : "") + grouped(value.abs().toString(8), 4);
            case 'x' -> (alternate ? "0x" : "") + grouped(value.abs().toString(16), 4);
            case 'X' ->
                (alternate ? "0X" : "") + grouped(value.abs().toString(16).toUpperCase(Locale.ROOT), 4);
            case 'c' -> Character.toString(Numbers.clamp(value));
            default -> throw new PythonError("Unknown format code '" + type + "' for object of type 'int'");
        };
        return padded(signOf(value.signum() < 0), digits, '>');
    }

    String real(double value) {
        boolean negative = value < 0 || 1 / value < 0;
        if (precision > LARGEST_PRECISION) {
            throw new PythonError("precision too big");
        }
        String digits;
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            digits = Double.isNaN(value) ? "nan" : "inf";
            negative = value < 0;
        } else {
            digits = digits(Math.abs(value));
        }
        return padded(signOf(negative), Character.isUpperCase(type) ? digits.toUpperCase(Locale.ROOT) : digits, '>');
    }

    private String digits(double value) {
        int places = precision < 0 ? 6 : precision;
        return switch (type) {
            case '\0' -> precision < 0 ? grouped(Real.text(value), 3) : general(value, precision, true);
            case 'f', 'F' -> grouped(fixed(value, places), 3);
            case 'e', 'E' -> exponential(value, places);
            case 'g', 'G', 'n' -> general(value, places, false);
            case '%' -> grouped(fixed(value * 100, places), 3) + "%";
            default -> throw new PythonError("Unknown format code '" + type + "' for object of type 'float'");
        };
    }

    private static String fixed(double value, int places) {
        return new BigDecimal(value).setScale(places, RoundingMode.HALF_EVEN).toPlainString();
    }

    private static String exponential(double value, int places) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(places + 1, RoundingMode.HALF_EVEN));
        String digits = rounded.unscaledValue().toString();
        int exponent = value == 0 ? 0 : digits.length() - 1 - rounded.scale();
        String padded = digits + "0".repeat(Math.max(0, places + 1 - digits.length()));
        return padded.charAt(0)
                + (places > 0 ? "." + padded.substring(1, places + 1) : "")
                + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }

    /** C's %g: as many significant digits, without trailing zeros; {@code keepsPoint} as Python without a type. */
    private String general(double value, int digits, boolean keepsPoint) {
        int significant = Math.max(1, digits);
        String exponential = exponential(value, significant - 1);
        int e = exponential.indexOf('e');
        int exponent = Integer.parseInt(exponential.substring(e + 1));
        if (exponent >= -4 && exponent < significant - (keepsPoint ? 1 : 0)) {
            String plain = fixed(value, Math.max(0, significant - 1 - exponent));
            String text = alternate ? plain : withoutTrailingZeros(plain);
            return grouped(keepsPoint && !text.contains(".") ? text + ".0" : text, 3);
        }
        String mantissa = exponential.substring(0, e);
        return (alternate ? mantissa : withoutTrailingZeros(mantissa)) + exponential.substring(e);
    }

    private static String withoutTrailingZeros(String text) {
        return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
    }

    private String grouped(String digits, int size) {
        if (grouping == '\0') {
            return digits;
        }
        int end = digits.indexOf('.') < 0 ? digits.length() : digits.indexOf('.');
        var grouped = new StringBuilder(digits);
        for (int at = end - size; at > 0; at -= size) {
            grouped.insert(at, grouping);
        }
        return grouped.toString();
    }

    private String signOf(boolean negative) {
        return negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
    }

    private String padded(String sign, String body, char ownAlign) {
        int missing = width - sign.length() - body.codePointCount(0, body.length());
        if (missing <= 0) {
            return sign + body;
        }
        return switch (align == '\0' ? ownAlign : align) {
            case '<' -> sign + body + fill.repeat(missing);
            case '^' -> fill.repeat(missing / 2) + sign + body + fill.repeat(missing - missing / 2);
            case '=' -> sign + fill.repeat(missing) + body;
            default -> fill.repeat(missing) + sign + body;
        };
    }
}
