package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Computes expressions. Confined to a thread. */
final class Evaluator {
    private final Budget budget;
    private final Comparison comparison;
    private int line = 1;

    Evaluator(Budget budget) {
        this.budget = budget;
        this.comparison = new Comparison(budget);
    }

    /** Where the template is, for messages. */
    int line() {
        return line;
    }

    void at(int line) {
        this.line = line;
    }

    Value evaluate(Expr expression, Scope scope) {
        budget.enter();
        Value value = dispatch(expression, scope);
        budget.leave();
        return value;
    }

    private Value dispatch(Expr expression, Scope scope) {
        if (expression instanceof Expr.Literal literal) {
            return literal.value();
        } else if (expression instanceof Expr.Name name) {
            return scope.get(name.name());
        } else if (expression instanceof Expr.Attribute attribute) {
            Value target = evaluate(attribute.target(), scope);
            line = attribute.line();
            return Lookup.attribute(target, attribute.name());
        } else if (expression instanceof Expr.Item item) {
            Value target = evaluate(item.target(), scope);
            Value key = evaluate(item.key(), scope);
            line = item.line();
            chargeText(target);
            chargeText(key);
            return Lookup.item(target, key);
        } else if (expression instanceof Expr.Call call) {
            return call(call, null, scope);
        } else if (expression instanceof Expr.Filtered filtered) {
            return filter(evaluate(filtered.input(), scope), filtered.filter(), scope);
        } else if (expression instanceof Expr.Test test) {
            return test(test, scope);
        } else if (expression instanceof Expr.Binary binary) {
            return binary(binary, scope);
        } else if (expression instanceof Expr.Compare compare) {
            return compare(compare, scope);
        } else if (expression instanceof Expr.And and) {
            Value left = evaluate(and.left(), scope);
            return left.truthy() ? evaluate(and.right(), scope) : left;
        } else if (expression instanceof Expr.Or or) {
            Value left = evaluate(or.left(), scope);
            return left.truthy() ? left : evaluate(or.right(), scope);
        } else if (expression instanceof Expr.Not not) {
            return Bool.of(!evaluate(not.operand(), scope).truthy());
        } else if (expression instanceof Expr.Conditional conditional) {
            return conditional(conditional, scope);
        } else if (expression instanceof Expr.Concat concat) {
            var text = new TextBuilder(budget);
            concat.parts().forEach(part -> text.appendStr(evaluate(part, scope)));
            return Text.of(text.toString());
        } else if (expression instanceof Expr.Slice slice) {
            return slice(slice, scope);
        } else if (expression instanceof Expr.ListOf list) {
            budget.checkCount(list.items().size());
            return new ListValue(all(list.items(), scope));
        } else if (expression instanceof Expr.TupleOf tuple) {
            budget.checkCount(tuple.items().size());
            return new TupleValue(all(tuple.items(), scope));
        } else if (expression instanceof Expr.DictOf dict) {
            return dict(dict, scope);
        } else if (expression instanceof Expr.Negate negate) {
            return Arithmetic.negate(evaluate(negate.operand(), scope));
        } else if (expression instanceof Expr.Plus plus) {
            return Arithmetic.plus(evaluate(plus.operand(), scope));
        }
        throw new AssertionError(expression);
    }

    /** Finding a place in a text, or a text among keys, takes as long as the text. */
    private void chargeText(Value value) {
        if (value instanceof Text) {
            budget.charge(value);
        }
    }

    private List<Value> all(List<Expr> expressions, Scope scope) {
        var values = new ArrayList<Value>(expressions.size());
        for (Expr expression : expressions) {
            values.add(evaluate(expression, scope));
        }
        return values;
    }

    private Value dict(Expr.DictOf dict, Scope scope) {
        budget.checkCount(dict.keysAndValues().size());
        List<Value> keysAndValues = all(dict.keysAndValues(), scope);
        var value = new DictValue();
        for (int i = 0; i < keysAndValues.size(); i += 2) {
            value.put(keysAndValues.get(i), keysAndValues.get(i + 1));
        }
        return value;
    }

    private Value conditional(Expr.Conditional conditional, Scope scope) {
        if (evaluate(conditional.test(), scope).truthy()) {
            return evaluate(conditional.then(), scope);
        }
        return conditional.otherwise() == null
                ? new Undefined("the inline if-expression evaluated to false and no else section was defined")
                : evaluate(conditional.otherwise(), scope);
    }

    private Value binary(Expr.Binary binary, Scope scope) {
        Value left = evaluate(binary.left(), scope);
        Value right = evaluate(binary.right(), scope);
        line = binary.line();
        return Arithmetic.apply(binary.operator(), left, right, budget);
    }

    private Value compare(Expr.Compare compare, Scope scope) {
        Value left = evaluate(compare.first(), scope);
        for (Expr.Comparand comparand : compare.others()) {
            Value right = evaluate(comparand.operand(), scope);
            boolean holds = switch (comparand.operator()) {
                case "==" -> comparison.equal(left, right);
                case "!=" -> !comparison.equal(left, right);
                case "in" -> comparison.contains(right, left);
                case "not in" -> !comparison.contains(right, left);
                default -> comparison.ordered(left, right, comparand.operator());
            };
            if (!holds) {
                return Bool.FALSE;
            }
            left = right;
        }
        return Bool.TRUE;
    }

    private Value slice(Expr.Slice slice, Scope scope) {
        Value target = evaluate(slice.target(), scope);
        Value start = optional(slice.start(), scope);
        Value stop = optional(slice.stop(), scope);
        Value step = optional(slice.step(), scope);
        line = slice.line();
        budget.charge(target);
        return SliceBounds.slice(target, start, stop, step);
    }

    private Value optional(@Nullable Expr expression, Scope scope) {
        return expression == null ? None.NONE : evaluate(expression, scope);
    }

    /** @param caller what {@code caller()} is in the macro that is called; null outside {@code call} blocks */
    Value call(Expr.Call call, @Nullable Function caller, Scope scope) {
        Value target = evaluate(call.target(), scope);
        Arguments arguments = arguments(call.passed(), caller, scope);
        line = call.line();
        arguments.positional().forEach(this::chargeText);
        Value result;
        if (target instanceof Function function) {
            if (function instanceof Method method) {
                budget.charge(method.self());
            }
            result = function.call(arguments, budget);
        } else if (target instanceof LoopValue loop) {
            result = loop.call(arguments, budget);
        } else if (target instanceof Undefined undefined) {
            throw undefined.error();
        } else {
            throw new PythonError("'" + target.typeName() + "' object is not callable");
        }
        line = call.line();
        budget.made(result);
        return result;
    }

    Value filter(Value input, Expr.FilterCall filter, Scope scope) {
        Arguments arguments = arguments(filter.passed(), null, scope);
        line = filter.line();
        budget.charge(input);
        Value result = Filters.apply(filter.name(), input, arguments, budget);
        budget.made(result);
        return result;
    }

    private Value test(Expr.Test test, Scope scope) {
        Value input = evaluate(test.input(), scope);
        Arguments arguments = arguments(test.passed(), null, scope);
        line = test.line();
        chargeText(input);
        return Bool.of(Tests.holds(test.name(), input, arguments, budget));
    }

    private Arguments arguments(Expr.Passed passed, @Nullable Function caller, Scope scope) {
        if (passed.isNothing() && caller == null) {
            return Arguments.NONE;
        }
        List<Value> positional = all(passed.positional(), scope);
        Map<String, Value> named = new LinkedHashMap<>();
        for (Expr.Keyword keyword : passed.named()) {
            putOnce(named, keyword.name(), evaluate(keyword.value(), scope));
        }
        if (caller != null) {
            putOnce(named, "caller", caller);
        }
        if (passed.spread() != null) {
            Value spread = evaluate(passed.spread(), scope);
            budget.charge(spread);
            spread.iterator().forEachRemaining(positional::add);
        }
        if (passed.spreadNamed() != null) {
            if (!(evaluate(passed.spreadNamed(), scope) instanceof DictValue dict)) {
                throw new PythonError("argument after ** must be a mapping");
            }
            budget.charge(dict);
            for (DictValue.Entry entry : dict.entries()) {
                putOnce(named, TextBuilder.str(entry.key(), budget), entry.value());
            }
        }
        return new Arguments(positional, named);
    }

    private static void putOnce(Map<String, Value> named, String name, Value value) {
        if (named.put(name, value) != null) {
            throw new PythonError("got multiple values for keyword argument '" + name + "'");
        }
    }
}
