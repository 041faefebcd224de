package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An expression, as parsed. */
sealed interface Expr {
    /** The expressions directly within, in the order in which Jinja looks at them. */
    List<Expr> children();

    record Literal(Value value) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of();
        }
    }

    record Name(String name) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of();
        }
    }

    record ListOf(List<Expr> items) implements Expr {
        @Override
        public List<Expr> children() {
            return items;
        }
    }

    record TupleOf(List<Expr> items) implements Expr {
        @Override
        public List<Expr> children() {
            return items;
        }
    }

    /** Keys and values in turn. */
    record DictOf(List<Expr> keysAndValues) implements Expr {
        @Override
        public List<Expr> children() {
            return keysAndValues;
        }
    }

    record Conditional(Expr test, Expr then, @Nullable Expr otherwise, int line) implements Expr {
        @Override
        public List<Expr> children() {
            return present(test, then, otherwise);
        }
    }

    record And(Expr left, Expr right) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(left, right);
        }
    }

    record Or(Expr left, Expr right) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(left, right);
        }
    }

    record Not(Expr operand) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(operand);
        }
    }

    /** {@code first op operand op operand ...}, each comparing neighbours. */
    record Compare(Expr first, List<Comparand> others) implements Expr {
        @Override
        public List<Expr> children() {
            return Stream.concat(Stream.of(first), others.stream().map(Comparand::operand))
                    .toList();
        }
    }

    /** @param operator one of {@code == != < <= > >= in} and {@code not in} */
    record Comparand(String operator, Expr operand) {}

    record Binary(BinaryOperator operator, Expr left, Expr right, int line) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(left, right);
        }
    }

    record Negate(Expr operand) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(operand);
        }
    }

    record Plus(Expr operand) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(operand);
        }
    }

    record Concat(List<Expr> parts) implements Expr {
        @Override
        public List<Expr> children() {
            return parts;
        }
    }

    record Attribute(Expr target, String name, int line) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(target);
        }
    }

    record Item(Expr target, Expr key, int line) implements Expr {
        @Override
        public List<Expr> children() {
            return List.of(target, key);
        }
    }

    record Slice(
            Expr target,
            @Nullable Expr start,
            @Nullable Expr stop,
            @Nullable Expr step,
            int line) implements Expr {
        @Override
        public List<Expr> children() {
            return present(target, start, stop, step);
        }
    }

    record Call(Expr target, Passed passed, int line) implements Expr {
        @Override
        public List<Expr> children() {
            return Stream.concat(Stream.of(target), passed.children().stream()).toList();
        }
    }

    record Filtered(Expr input, FilterCall filter) implements Expr {
        @Override
        public List<Expr> children() {
            return Stream.concat(Stream.of(input), filter.passed().children().stream())
                    .toList();
        }
    }

    record Test(Expr input, String name, Passed passed, int line) implements Expr {
        @Override
        public List<Expr> children() {
            return Stream.concat(Stream.of(input), passed.children().stream()).toList();
        }
    }

    record FilterCall(String name, Passed passed, int line) {}

    /**
     * Arguments of a call.
     *
     * @param spread what {@code *} is before
     * @param spreadNamed what {@code **} is before
     */
    record Passed(
            List<Expr> positional,
            List<Keyword> named,
            @Nullable Expr spread,
            @Nullable Expr spreadNamed) {
        static final Passed NOTHING = new Passed(List.of(), List.of(), null, null);

        boolean isNothing() {
            return positional.isEmpty() && named.isEmpty() && spread == null && spreadNamed == null;
        }

        List<Expr> children() {
            var children = new ArrayList<>(positional);
            named.forEach(keyword -> children.add(keyword.value()));
            children.addAll(present(spread, spreadNamed));
            return children;
        }
    }

    record Keyword(String name, Expr value) {}

    private static List<Expr> present(@Nullable Expr... expressions) {
        var present = new ArrayList<Expr>();
        for (Expr expression : expressions) {
            if (expression != null) {
                present.add(expression);
            }
        }
        return present;
    }
}
