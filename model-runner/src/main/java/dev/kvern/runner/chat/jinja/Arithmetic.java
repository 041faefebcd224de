package dev.kvern.runner.chat.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's arithmetic operators, on numbers and on sequences. */
final class Arithmetic {
    private static final long EXACT_IN_DOUBLE = 53;

    private Arithmetic() {}

    static Value apply(BinaryOperator operator, Value a, Value b, Budget budget) {
        if (operator == BinaryOperator.MODULO && a instanceof Text format) {
            return format.with(PrintfFormat.format(format.value(), b, budget));
        } else if (a instanceof Undefined undefined) {
            throw undefined.error();
        } else if (b instanceof Undefined undefined) {
            throw undefined.error();
        }
        BigInteger x = Numbers.index(a);
        BigInteger y = Numbers.index(b);
        Value result = null;
        if (x != null && y != null) {
            // The cost of long multiplication and division; next to nothing for ordinary numbers.
            budget.charge((long) x.bitLength() * y.bitLength() / 1024);
            result = whole(operator, x, y);
        } else if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            result = new Real(real(operator, Numbers.real(a), Numbers.real(b)));
        } else if (operator == BinaryOperator.ADD) {
            result = joined(a, b, budget);
        } else if (operator == BinaryOperator.MULTIPLY && y != null) {
            result = repeated(a, y, budget);
        } else if (operator == BinaryOperator.MULTIPLY && x != null) {
            result = repeated(b, x, budget);
        }
        if (result == null) {
            throw new PythonError("unsupported operand types for " + operator.symbol() + ": '" + a.typeName()
                    + "' and '" + b.typeName() + "'");
        }
        return result;
    }

    static Value negate(Value value) {
        BigInteger whole = Numbers.index(value);
        if (whole != null) {
            return new Int(whole.negate());
        } else if (value instanceof Real real) {
            return new Real(-real.value());
        } else if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        throw new PythonError("bad operand type for unary -: '" + value.typeName() + "'");
    }

    static Value plus(Value value) {
        BigInteger whole = Numbers.index(value);
        if (whole != null) {
            return new Int(whole);
        } else if (value instanceof Real) {
            return value;
        } else if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        throw new PythonError("bad operand type for unary +: '" + value.typeName() + "'");
    }

    private static Value whole(BinaryOperator operator, BigInteger x, BigInteger y) {
        return switch (operator) {
            case ADD -> new Int(x.add(y));
            case SUBTRACT -> new Int(x.subtract(y));
            case MULTIPLY -> new Int(x.multiply(y));
            case DIVIDE -> new Real(quotient(x, y));
            case FLOOR_DIVIDE -> new Int(floorDivide(x, y)[0]);
            case MODULO -> new Int(floorDivide(x, y)[1]);
            case POWER -> power(x, y);
        };
    }

    private static double quotient(BigInteger x, BigInteger y) {
        if (y.signum() == 0) {
            throw new PythonError("division by zero");
        }
        if (x.bitLength() <= EXACT_IN_DOUBLE && y.bitLength() <= EXACT_IN_DOUBLE) {
            return x.doubleValue() / y.doubleValue();
        }
        double quotient =
                new BigDecimal(x).divide(new BigDecimal(y), new MathContext(60)).doubleValue();
        if (Double.isInfinite(quotient)) {
            throw new PythonError("integer division result too large for a float");
        }
        return quotient;
    }

    /** Quotient and remainder, rounded down: the remainder has the divisor's sign. */
    private static BigInteger[] floorDivide(BigInteger x, BigInteger y) {
        if (y.signum() == 0) {
            throw new PythonError("integer division or modulo by zero");
        }
        BigInteger[] parts = x.divideAndRemainder(y);
        if (parts[1].signum() != 0 && parts[1].signum() != y.signum()) {
            return new BigInteger[] {parts[0].subtract(BigInteger.ONE), parts[1].add(y)};
        }
        return parts;
    }

    private static Value power(BigInteger x, BigInteger y) {
        if (y.signum() < 0) {
            return new Real(real(BinaryOperator.POWER, x.doubleValue(), y.doubleValue()));
        }
        if (x.bitLength() > 1
                && y.multiply(BigInteger.valueOf(x.bitLength() - 1)).bitLength() > 31) {
            throw new PythonError("a whole number of more than " + Budget.INT_BITS + " bits");
        }
        if (x.abs().bitLength() <= 1) {
            // 0, 1 and -1, whose powers are cheap however high.
            return new Int(x.pow(y.signum() == 0 ? 0 : y.testBit(0) ? 1 : 2));
        }
        if (y.intValue() * (x.abs().bitLength() - 1L) > Budget.INT_BITS) {
            throw new PythonError("a whole number of more than " + Budget.INT_BITS + " bits");
        }
        return new Int(x.pow(y.intValue()));
    }

    private static double real(BinaryOperator operator, double x, double y) {
        if (y == 0
                && (operator == BinaryOperator.DIVIDE
                        || operator == BinaryOperator.FLOOR_DIVIDE
                        || operator == BinaryOperator.MODULO)) {
            throw new PythonError("float division by zero");
        }
        return switch (operator) {
            case ADD -> x + y;
            case SUBTRACT -> x - y;
            case MULTIPLY -> x * y;
            case DIVIDE -> x / y;
            case FLOOR_DIVIDE -> floorQuotient(x, y);
            case MODULO -> modulo(x, y);
            case POWER -> power(x, y);
        };
    }

    private static double modulo(double x, double y) {
        double remainder = x % y;
        if (remainder == 0) {
            return Math.copySign(0.0, y);
        }
        return remainder < 0 == y < 0 ? remainder : remainder + y;
    }

    /** CPython's: from the remainder, since the quotient itself may be rounded up. */
    private static double floorQuotient(double x, double y) {
        double remainder = x % y;
        double quotient = (x - remainder) / y;
        if (remainder != 0 && remainder < 0 != y < 0) {
            quotient -= 1;
        }
        if (quotient == 0) {
            return Math.copySign(0.0, x / y);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double power(double x, double y) {
        if (x == 0 && y < 0) {
            throw new PythonError("0.0 cannot be raised to a negative power");
        }
        if (x < 0 && Double.isFinite(x) && Double.isFinite(y) && y != Math.rint(y)) {
            throw new PythonError("a complex number");
        }
        if (x == 1 || y == 0) {
            return 1;
        }
        double power = Math.pow(x, y);
        if (Double.isInfinite(power) && Double.isFinite(x) && Double.isFinite(y)) {
            throw new PythonError("float result too large");
        }
        return power;
    }

    private static @Nullable Value joined(Value a, Value b, Budget budget) {
        if (a instanceof Text x && b instanceof Text y) {
            boolean safe = x.safe() || y.safe();
            String left = safe ? Html.escaped(x) : x.value();
            String right = safe ? Html.escaped(y) : y.value();
            budget.checkSize((long) left.length() + right.length());
            return new Text(left.concat(right), safe);
        } else if (a instanceof ListValue x && b instanceof ListValue y) {
            return new ListValue(joined(x.items(), y.items(), budget));
        } else if (a instanceof TupleValue x && b instanceof TupleValue y) {
            return new TupleValue(joined(x.items(), y.items(), budget));
        }
        return null;
    }

    private static List<Value> joined(List<Value> a, List<Value> b, Budget budget) {
        budget.checkCount((long) a.size() + b.size());
        var items = new ArrayList<>(a);
        items.addAll(b);
        return items;
    }

    private static @Nullable Value repeated(Value value, BigInteger times, Budget budget) {
        int count = Math.max(0, Numbers.clamp(times));
        if (value instanceof Text text) {
            budget.checkSize((long) text.value().length() * count);
            return text.with(text.value().repeat(text.value().isEmpty() ? 0 : count));
        } else if (value instanceof ListValue list) {
            return new ListValue(repeated(list.items(), count, budget));
        } else if (value instanceof TupleValue tuple) {
            return new TupleValue(repeated(tuple.items(), count, budget));
        }
        return null;
    }

    private static List<Value> repeated(List<Value> items, int count, Budget budget) {
        budget.checkCount((long) items.size() * count);
        var repeated = new ArrayList<Value>();
        for (int i = 0; i < count && !items.isEmpty(); i++) {
            repeated.addAll(items);
        }
        return repeated;
    }

    /** Python's {@code round(value, digits)}: to even, of the exact binary value. */
    static Value round(Value value, int digits) {
        BigInteger whole = Numbers.index(value);
        if (whole != null) {
            if (digits >= 0) {
                return new Int(whole);
            }
            return new Int(new BigDecimal(whole)
                    .setScale(Math.max(digits, -Budget.INT_BITS), RoundingMode.HALF_EVEN)
                    .toBigInteger());
        }
        double real = Numbers.real(value);
        if (!Double.isFinite(real) || digits > 400) {
            return new Real(real);
        }
        double rounded = new BigDecimal(real)
                .setScale(Math.max(digits, -400), RoundingMode.HALF_EVEN)
                .doubleValue();
        return new Real(Math.copySign(rounded, real));
    }
}
