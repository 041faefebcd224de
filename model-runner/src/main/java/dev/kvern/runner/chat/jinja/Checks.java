package dev.kvern.runner.chat.jinja;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is refused when a template is parsed though its grammar is right: filters and tests that do not exist.
 * jinja2 lets them pass within {@code if}, for the sake of templates that ask first; so do we.
 */
final class Checks {
    private Checks() {}

    static void check(Frame template) {
        body(template.body(), false);
    }

    private static void body(List<Statement> body, boolean lenient) {
        for (Statement statement : body) {
            statement(statement, lenient);
        }
    }

    private static void frame(Frame frame) {
        body(frame.body(), false);
    }

    private static void statement(Statement statement, boolean lenient) {
        if (statement instanceof Statement.Print print) {
            expression(print.value(), lenient);
        } else if (statement instanceof Statement.If branching) {
            for (Statement.Branch branch : branching.branches()) {
                expression(branch.test(), true);
                body(branch.body(), true);
            }
            body(branching.otherwise(), true);
        } else if (statement instanceof Statement.For loop) {
            expression(loop.iterable(), lenient);
            ifPresent(loop.condition(), condition -> expression(condition, false));
            frame(loop.body());
            frame(loop.otherwise());
        } else if (statement instanceof Statement.Set set) {
            expression(set.value(), lenient);
        } else if (statement instanceof Statement.SetBlock set) {
            frame(set.body());
            set.filters().forEach(filter -> filter(filter, false));
        } else if (statement instanceof Statement.Macro macro) {
            parameters(macro.parameters());
            frame(macro.body());
        } else if (statement instanceof Statement.CallBlock block) {
            parameters(block.parameters());
            frame(block.body());
            expression(block.call(), lenient);
        } else if (statement instanceof Statement.FilterBlock block) {
            block.filters().forEach(filter -> filter(filter, false));
            frame(block.body());
        } else if (statement instanceof Statement.With with) {
            with.values().forEach(value -> expression(value, lenient));
            frame(with.body());
        } else if (statement instanceof Statement.Generation generation) {
            frame(generation.body());
        }
    }

    private static void parameters(List<Statement.Parameter> parameters) {
        parameters.forEach(parameter -> ifPresent(parameter.absent(), absent -> expression(absent, false)));
    }

    private static void ifPresent(@Nullable Expr expression, Consumer<Expr> check) {
        if (expression != null) {
            check.accept(expression);
        }
    }

    private static void filter(Expr.FilterCall filter, boolean lenient) {
        if (!lenient && !Filters.exists(filter.name())) {
            throw new SyntaxException(
                    filter.line(), "filter '" + filter.name() + "'", "one of " + String.join(", ", Filters.names()));
        }
        filter.passed().children().forEach(argument -> expression(argument, lenient));
    }

    private static void expression(Expr expression, boolean lenient) {
        if (expression instanceof Expr.Filtered filtered) {
            expression(filtered.input(), lenient);
            filter(filtered.filter(), lenient);
        } else {
            if (expression instanceof Expr.Test test && !lenient && !Tests.exists(test.name())) {
                throw new SyntaxException(
                        test.line(), "test '" + test.name() + "'", "one of " + String.join(", ", Tests.names()));
            }
            boolean inner = lenient || expression instanceof Expr.Conditional;
            expression.children().forEach(child -> expression(child, inner));
        }
    }
}
