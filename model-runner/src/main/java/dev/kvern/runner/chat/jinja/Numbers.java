package dev.kvern.runner.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Conversions between numbers, as Python's {@code int} and {@code float} make them. */
final class Numbers {
    private static final Pattern REAL = Pattern.compile(
            "[+-]?(?:\\d++(?:_\\d++)*+)?+\\.?+(?:\\d++(?:_\\d++)*+)?+(?:[eE][+-]?\\d++(?:_\\d++)*+)?+",
            Pattern.UNICODE_CHARACTER_CLASS);
    private static final int LONGEST_REAL = 500;
    private static final Pattern SPECIAL_REAL = Pattern.compile("([+-]?)(inf|infinity|nan)");
    private static final BigInteger MIN = BigInteger.valueOf(Integer.MIN_VALUE);
    private static final BigInteger MAX = BigInteger.valueOf(Integer.MAX_VALUE);

    private Numbers() {}

    /** The value as a whole number if it is one for Python: an int or a bool. */
    static @Nullable BigInteger index(Value value) {
        if (value instanceof Int number) {
            return number.value();
        }
        return value instanceof Bool bool ? integer(bool) : null;
    }

    static BigInteger integer(Bool bool) {
        return bool.truthy() ? BigInteger.ONE : BigInteger.ZERO;
    }

    static boolean isNumber(Value value) {
        return value instanceof Int || value instanceof Bool || value instanceof Real;
    }

    static int clamp(BigInteger number) {
        return number.max(MIN).min(MAX).intValue();
    }

    /** @throws PythonError if the value is not a number */
    static double real(Value value) {
        if (value instanceof Real real) {
            return real.value();
        }
        BigInteger number = index(value);
        if (number == null) {
            throw new PythonError("must be real number, not " + value.typeName());
        }
        double real = number.doubleValue();
        if (Double.isInfinite(real)) {
            throw new PythonError("int too large to convert to float");
        }
        return real;
    }

    /** {@code int(real)} of a finite number: towards zero. */
    static BigInteger truncate(double real) {
        return new BigDecimal(real).toBigInteger();
    }

    /** {@code int(text, base)}; null if that is no number. */
    static @Nullable BigInteger parseInt(String text, int base) {
        String digits = strip(text);
        boolean negative = digits.startsWith("-");
        if (negative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        String prefix = digits.length() > 1 ? digits.substring(0, 2).toLowerCase(Locale.ROOT) : "";
        int prefixed = switch (prefix) {
            case "0x" -> 16;
            case "0o" -> 8;
            case "0b" -> 2;
            default -> 0;
        };
        int radix = base;
        if (prefixed != 0 && (base == 0 || base == prefixed)) {
            radix = prefixed;
            digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
        } else if (base == 0) {
            radix = 10;
            if (digits.startsWith("0") && !Characters.all(digits, c -> c == '0' || c == '_')) {
                return null;
            }
        }
        // Python takes an underscore between two digits, and digits of any script.
        if (digits.isEmpty()
                || digits.startsWith("_")
                || digits.endsWith("_")
                || digits.contains("__")
                || digits.startsWith("-")
                || digits.startsWith("+")) {
            return null;
        }
        if (digits.length() > Budget.INT_BITS) {
            throw new PythonError("a whole number of more than " + Budget.INT_BITS + " digits");
        }
        try {
            var number = new BigInteger(digits.replace("_", ""), radix);
            return negative ? number.negate() : number;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** {@code float(text)}; null if that is no number. */
    static @Nullable Double parseReal(String text) {
        String stripped = strip(text);
        Matcher special = SPECIAL_REAL.matcher(stripped.toLowerCase(Locale.ROOT));
        if (special.matches()) {
            double value = "nan".equals(special.group(2)) ? Double.NaN : Double.POSITIVE_INFINITY;
            return "-".equals(special.group(1)) ? -value : value;
        }
        if (stripped.length() > LONGEST_REAL || !REAL.matcher(stripped).matches()) {
            return null;
        }
        try {
            return Double.valueOf(asciiDigits(stripped.replace("_", "")));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static String asciiDigits(String text) {
        var ascii = new StringBuilder();
        text.codePoints()
                .forEach(c -> ascii.append(
                        Characters.isDecimal(c) ? (char) ('0' + Character.digit(c, 10)) : Character.toString(c)));
        return ascii.toString();
    }

    private static String strip(String text) {
        return Characters.stripEnd(Characters.stripStart(text, Characters::isSpace), Characters::isSpace);
    }
}
