package dev.kvern.runner.chat.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Python's {@code float}. */
record Real(double value) implements Value {
    /** Of finding the shortest decimal, in characters. */
    private static final int COST = 200;

    private static final int DIGITS_THAT_SUFFICE = 17;

    @Override
    public String typeName() {
        return "float";
    }

    @Override
    public boolean truthy() {
        return value != 0;
    }

    @Override
    public void repr(TextBuilder out) {
        out.charge(COST);
        out.append(text(value));
    }

    /** The shortest decimal that reads back as the same number, in Python's notation. */
    static String text(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        String sign = value < 0 || 1 / value < 0 ? "-" : "";
        if (value == 0) {
            return sign + "0.0";
        }
        // Double.toString of Java 17 is not always the shortest.
        BigDecimal shortest = shortest(Math.abs(value));
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - shortest.scale() - 1;
        if (exponent < -4 || exponent >= 16) {
            String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
            String power = (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
            return sign + digits.charAt(0) + fraction + "e" + power;
        }
        String plain = shortest.toPlainString();
        return sign + plain + (plain.contains(".") ? "" : ".0");
    }

    private static BigDecimal shortest(double value) {
        var exact = new BigDecimal(value);
        for (int precision = 1; precision < DIGITS_THAT_SUFFICE; precision++) {
            BigDecimal rounded = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == value) {
                return rounded.stripTrailingZeros();
            }
        }
        return exact.round(new MathContext(DIGITS_THAT_SUFFICE, RoundingMode.HALF_EVEN))
                .stripTrailingZeros();
    }
}
