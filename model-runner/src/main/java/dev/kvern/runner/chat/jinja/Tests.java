package dev.kvern.runner.chat.jinja;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/** What can follow {@code is}: jinja2's tests. */
final class Tests {
    private interface Check {
        boolean holds(Value value, Arguments arguments, Budget budget);
    }

    private static final Map<String, Check> ALL = new TreeMap<>();

    static {
        property("defined", value -> !(value instanceof Undefined));
        property("undefined", value -> value instanceof Undefined);
        property("none", value -> value == None.NONE);
        property("boolean", value -> value instanceof Bool);
        property("true", value -> value == Bool.TRUE);
        property("false", value -> value == Bool.FALSE);
        property("integer", value -> value instanceof Int);
        property("float", value -> value instanceof Real);
        property("number", Numbers::isNumber);
        property("string", value -> value instanceof Text);
        property("mapping", value -> value instanceof DictValue);
        property("iterable", value -> value.isIterable() || value instanceof LoopValue);
        property("sequence", Tests::isSequence);
        property(
                "callable",
                value -> value instanceof Function || value instanceof LoopValue || value instanceof Undefined);
        property("escaped", value -> value instanceof Text text && text.safe());
        plain("lower", (value, budget) -> TextCase.isLower(TextBuilder.str(value, budget)));
        plain("upper", (value, budget) -> TextCase.isUpper(TextBuilder.str(value, budget)));
        plain("odd", (value, budget) -> remainder(value, Int.of(2), Int.of(1), budget));
        plain("even", (value, budget) -> remainder(value, Int.of(2), Int.of(0), budget));
        property("filter", value -> value instanceof Text name && Filters.exists(name.value()));
        property("test", value -> value instanceof Text name && exists(name.value()));
        ALL.put(
                "divisibleby",
                (value, arguments, budget) -> remainder(
                        value, arguments.byName("divisibleby", 1, "num").get(0), Int.of(0), budget));
        ALL.put(
                "sameas",
                (value, arguments, budget) ->
                        isSame(value, arguments.byName("sameas", 1, "other").get(0)));
        ALL.put(
                "in",
                (value, arguments, budget) -> new Comparison(budget)
                        .contains(arguments.byName("in", 1, "seq").get(0), value));
        for (String name : List.of("eq", "equalto", "==")) {
            ALL.put(name, (value, arguments, budget) -> isEqual(value, arguments, budget));
        }
        for (String name : List.of("ne", "!=")) {
            ALL.put(name, (value, arguments, budget) -> !isEqual(value, arguments, budget));
        }
        order("<", "lt", "lessthan");
        order("<=", "le");
        order(">", "gt", "greaterthan");
        order(">=", "ge");
    }

    private Tests() {}

    private static void property(String name, Predicate<Value> has) {
        plain(name, (value, budget) -> has.test(value));
    }

    /** One that takes no arguments. */
    private static void plain(String name, BiPredicate<Value, Budget> has) {
        ALL.put(name, (value, arguments, budget) -> {
            arguments.inOrder(name, 0, 0);
            return has.test(value, budget);
        });
    }

    private static void order(String operator, String... names) {
        Check check = (value, arguments, budget) -> new Comparison(budget)
                .ordered(value, arguments.inOrder(operator, 1, 1).get(0), operator);
        ALL.put(operator, check);
        for (String name : names) {
            ALL.put(name, check);
        }
    }

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    static boolean holds(String name, Value value, Arguments arguments, Budget budget) {
        Check check = ALL.get(name);
        if (check == null) {
            throw new PythonError("No test named '" + name + "'");
        }
        return check.holds(value, arguments, budget);
    }

    private static boolean isEqual(Value value, Arguments arguments, Budget budget) {
        return new Comparison(budget).equal(value, arguments.inOrder("eq", 1, 1).get(0));
    }

    private static boolean isSequence(Value value) {
        return value instanceof Text
                || value instanceof ListValue
                || value instanceof TupleValue
                || value instanceof DictValue
                || value instanceof RangeValue
                || value instanceof Undefined;
    }

    private static boolean remainder(Value value, Value divisor, Value remainder, Budget budget) {
        Value actual = Arithmetic.apply(BinaryOperator.MODULO, value, divisor, budget);
        return new Comparison(budget).equal(actual, remainder);
    }

    /** The same object, which for small numbers and literals Python's are. */
    private static boolean isSame(Value value, Value other) {
        if (value instanceof Int x && other instanceof Int y) {
            return x.equals(y);
        } else if (value instanceof Text x && other instanceof Text y) {
            return x.equals(y);
        }
        return value == other;
    }
}
