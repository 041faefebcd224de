package dev.kvern.runner.chat.jinja;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which of the names that macros get without declaring them a body reads. */
final class Mentions {
    private static final Set<String> SPECIAL = Set.of("caller", "kwargs", "varargs");

    private final Set<String> found = new HashSet<>();

    private Mentions() {}

    static Set<String> of(List<Statement> body) {
        var mentions = new Mentions();
        body.forEach(mentions::visit);
        return Set.copyOf(mentions.found);
    }

    private void visit(Statement statement) {
        if (statement instanceof Statement.Print print) {
            visit(print.value());
        } else if (statement instanceof Statement.If branching) {
            for (Statement.Branch branch : branching.branches()) {
                visit(branch.test());
                branch.body().forEach(this::visit);
            }
            branching.otherwise().forEach(this::visit);
        } else if (statement instanceof Statement.For loop) {
            visit(loop.iterable());
            if (loop.condition() != null) {
                visit(loop.condition());
            }
            visit(loop.body());
            visit(loop.otherwise());
        } else if (statement instanceof Statement.Set set) {
            visit(set.value());
        } else if (statement instanceof Statement.SetBlock set) {
            filters(set.filters());
            visit(set.body());
        } else if (statement instanceof Statement.Macro macro) {
            visit(macro.body());
        } else if (statement instanceof Statement.CallBlock block) {
            visit(block.call());
            visit(block.body());
        } else if (statement instanceof Statement.FilterBlock block) {
            filters(block.filters());
            visit(block.body());
        } else if (statement instanceof Statement.With with) {
            with.values().forEach(this::visit);
            visit(with.body());
        } else if (statement instanceof Statement.Generation generation) {
            visit(generation.body());
        }
    }

    private void filters(List<Expr.FilterCall> filters) {
        filters.forEach(filter -> filter.passed().children().forEach(this::visit));
    }

    private void visit(Frame frame) {
        // Frames within were asked when they were made.
        SPECIAL.stream().filter(frame::mentions).forEach(found::add);
    }

    private void visit(Expr expression) {
        if (expression instanceof Expr.Name name && SPECIAL.contains(name.name())) {
            found.add(name.name());
        }
        expression.children().forEach(this::visit);
    }
}
