package dev.kvern.runner.chat.jinja;

import java.math.BigDecimal;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

/** Python's {@code ==}, {@code <} and {@code in}. Confined to a thread. */
final class Comparison {
    private final Budget budget;
    private int nesting;

    Comparison(Budget budget) {
        this.budget = budget;
    }

    boolean equal(Value a, Value b) {
        budget.step();
        if (a == b && !(a instanceof Real)) {
            return true;
        } else if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return equalNumbers(a, b);
        } else if (a instanceof Text x && b instanceof Text y) {
            if (x.value().length() != y.value().length()) {
                return false;
            }
            budget.charge(x.value().length());
            return x.value().equals(y.value());
        } else if (a instanceof ListValue x && b instanceof ListValue y) {
            return equalItems(x.items(), y.items());
        } else if (a instanceof TupleValue x && b instanceof TupleValue y) {
            return equalItems(x.items(), y.items());
        } else if (a instanceof RangeValue x && b instanceof RangeValue y) {
            return x.length() == y.length()
                    && (x.length() == 0 || (x.start() == y.start() && (x.length() == 1 || x.step() == y.step())));
        } else if (a instanceof DictValue x && b instanceof DictValue y) {
            return equalDicts(x, y);
        }
        return a instanceof Undefined && b instanceof Undefined;
    }

    private static boolean equalNumbers(Value a, Value b) {
        if (a instanceof Real x && b instanceof Real y) {
            return x.value() == y.value();
        }
        return isOrdinary(a) && isOrdinary(b) && exact(a).compareTo(exact(b)) == 0;
    }

    private boolean equalItems(List<Value> a, List<Value> b) {
        if (a.size() != b.size()) {
            return false;
        }
        nest();
        boolean equal = true;
        for (int i = 0; i < a.size() && equal; i++) {
            equal = same(a.get(i), b.get(i));
        }
        nesting--;
        return equal;
    }

    private boolean equalDicts(DictValue a, DictValue b) {
        if (a.length() != b.length()) {
            return false;
        }
        nest();
        boolean equal = true;
        for (Iterator<DictValue.Entry> it = a.entries().iterator(); it.hasNext() && equal; ) {
            DictValue.Entry entry = it.next();
            Value other = b.get(entry.key());
            equal = other != null && same(entry.value(), other);
        }
        nesting--;
        return equal;
    }

    /** Within containers Python takes an object to be equal to itself, even NaN. */
    private boolean same(Value a, Value b) {
        return a == b || equal(a, b);
    }

    private void nest() {
        if (++nesting > Budget.NESTING) {
            throw new PythonError("a value nested more than " + Budget.NESTING + " deep");
        }
    }

    boolean less(Value a, Value b) {
        return compare(a, b, "<") < 0;
    }

    /** For sorting: by {@code <} alone, as Python's sorted does. */
    Comparator<Value> order() {
        return (a, b) -> less(a, b) ? -1 : less(b, a) ? 1 : 0;
    }

    /** Whether {@code a operator b} holds, the operator one of {@code < <= > >=}. */
    boolean ordered(Value a, Value b, String operator) {
        if ((a instanceof Real x && Double.isNaN(x.value())) || (b instanceof Real y && Double.isNaN(y.value()))) {
            if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
                return false;
            }
        }
        int order = compare(a, b, operator);
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }

    private int compare(Value a, Value b, String operator) {
        budget.step();
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            if (isOrdinary(a) && isOrdinary(b)) {
                return exact(a).compareTo(exact(b));
            }
            double x = Numbers.real(a);
            double y = Numbers.real(b);
            return x < y ? -1 : x > y ? 1 : 0;
        } else if (a instanceof Text x && b instanceof Text y) {
            budget.charge(Math.min(x.value().length(), y.value().length()));
            return compareTexts(x.value(), y.value());
        } else if (a instanceof ListValue x && b instanceof ListValue y) {
            return compareItems(x.items(), y.items(), operator);
        } else if (a instanceof TupleValue x && b instanceof TupleValue y) {
            return compareItems(x.items(), y.items(), operator);
        } else if (a instanceof Undefined undefined) {
            throw undefined.error();
        } else if (b instanceof Undefined undefined) {
            throw undefined.error();
        }
        throw new PythonError("'" + operator + "' not supported between instances of '" + a.typeName() + "' and '"
                + b.typeName() + "'");
    }

    private int compareItems(List<Value> a, List<Value> b, String operator) {
        nest();
        int order = Integer.compare(a.size(), b.size());
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!same(a.get(i), b.get(i))) {
                order = compare(a.get(i), b.get(i), operator);
                break;
            }
        }
        nesting--;
        return order;
    }

    private static int compareTexts(String a, String b) {
        int at = 0;
        int common = Math.min(a.length(), b.length());
        while (at < common && a.charAt(at) == b.charAt(at)) {
            at++;
        }
        if (at == common) {
            return Integer.compare(a.length(), b.length());
        }
        char x = a.charAt(at);
        char y = b.charAt(at);
        // Surrogates stand for code points beyond all that one char holds.
        if (Character.isSurrogate(x) != Character.isSurrogate(y)) {
            return Character.isSurrogate(x) ? 1 : -1;
        }
        return Character.compare(x, y);
    }

    private static boolean isOrdinary(Value number) {
        return !(number instanceof Real real) || Double.isFinite(real.value());
    }

    private static BigDecimal exact(Value number) {
        if (number instanceof Real real) {
            return new BigDecimal(real.value());
        } else if (number instanceof Int whole) {
            return new BigDecimal(whole.value());
        }
        return number == Bool.TRUE ? BigDecimal.ONE : BigDecimal.ZERO;
    }

    /** Python's {@code item in container}. */
    boolean contains(Value container, Value item) {
        if (container instanceof Text text) {
            if (!(item instanceof Text sought)) {
                throw new PythonError("'in <string>' requires string as left operand, not " + item.typeName());
            }
            budget.chargeSearch(text.value().length(), sought.value().length());
            return text.value().contains(sought.value());
        } else if (container instanceof DictValue dict) {
            return containsKey(dict, item);
        } else if (container instanceof DictView view && view.kind() == DictView.Kind.KEYS) {
            return containsKey(view.dict(), item);
        } else if (!container.isIterable()) {
            throw new PythonError("argument of type '" + container.typeName() + "' is not iterable");
        }
        for (Iterator<Value> it = container.iterator(); it.hasNext(); ) {
            if (same(it.next(), item)) {
                return true;
            }
        }
        return false;
    }

    private static boolean containsKey(DictValue dict, Value key) {
        if (key instanceof ListValue || key instanceof DictValue) {
            throw new PythonError("unhashable type: '" + key.typeName() + "'");
        }
        return dict.get(key) != null;
    }
}
