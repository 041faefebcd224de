package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filters that make numbers of what they are given. */
final class NumberFilters {
    private NumberFilters() {}

    static Map<String, Filters.Filter> all() {
        Map<String, Filters.Filter> all = new HashMap<>();
        all.put("abs", NumberFilters::absolute);
        all.put("int", NumberFilters::integer);
        all.put("float", NumberFilters::real);
        all.put("round", NumberFilters::round);
        return all;
    }

    private static Value absolute(Value input, Arguments arguments, Budget budget) {
        arguments.inOrder("abs", 0, 0);
        BigInteger whole = Numbers.index(input);
        if (whole != null) {
            return new Int(whole.abs());
        } else if (input instanceof Real real) {
            return new Real(Math.abs(real.value()));
        }
        throw new PythonError("bad operand type for abs(): '" + input.typeName() + "'");
    }

    private static Value integer(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("int", 0, "default", "base");
        BigInteger whole = Numbers.index(input);
        if (whole == null && input instanceof Text text) {
            int base = bound.number(1, 10);
            whole = base == 0 || (base >= 2 && base <= 36) ? Numbers.parseInt(text.value(), base) : null;
            Double real = whole == null ? Numbers.parseReal(text.value()) : null;
            if (real != null && Double.isFinite(real)) {
                whole = Numbers.truncate(real);
            }
        } else if (input instanceof Real real) {
            if (Double.isInfinite(real.value())) {
                throw new PythonError("cannot convert float infinity to integer");
            }
            whole = Double.isNaN(real.value()) ? null : Numbers.truncate(real.value());
        } else if (input instanceof Undefined undefined) {
            throw undefined.error();
        }
        return whole == null ? bound.get(0, Int.of(0)) : new Int(whole);
    }

    private static Value real(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("float", 0, "default");
        Double real = number(input);
        return real == null ? bound.get(0, new Real(0)) : new Real(real);
    }

    private static @Nullable Double number(Value input) {
        if (input instanceof Undefined undefined) {
            throw undefined.error();
        } else if (input instanceof Text text) {
            return Numbers.parseReal(text.value());
        }
        return Numbers.isNumber(input) ? (Double) Numbers.real(input) : null;
    }

    private static Value round(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("round", 0, "precision", "method");
        int precision = bound.number(0, 0);
        String method = bound.given(1) ? bound.text(1) : "common";
        if (input instanceof Undefined undefined) {
            throw undefined.error();
        }
        switch (method) {
            case "common" -> {
                return Arithmetic.round(input, precision);
            }
            case "ceil", "floor" -> {
                Value scale = Arithmetic.apply(BinaryOperator.POWER, Int.of(10), Int.of(precision), budget);
                double scaled = Numbers.real(Arithmetic.apply(BinaryOperator.MULTIPLY, input, scale, budget));
                if (!Double.isFinite(scaled)) {
                    throw new PythonError("cannot convert float infinity or NaN to integer");
                }
                var whole = new Int(Numbers.truncate("ceil".equals(method) ? Math.ceil(scaled) : Math.floor(scaled)));
                return Arithmetic.apply(BinaryOperator.DIVIDE, whole, scale, budget);
            }
            default -> throw new PythonError("method must be common, ceil or floor");
        }
    }
}
