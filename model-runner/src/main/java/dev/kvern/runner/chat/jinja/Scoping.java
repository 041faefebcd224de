package dev.kvern.runner.chat.jinja;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds, as jinja2's compiler does, which names each frame hides: those it assigns, other than in an {@code if}, before
 * it reads them, and that no frame around knows. A loop or macro that comes before the assignment sees them undefined
 * even where the caller passed a variable of the name. Used once for each frame.
 */
final class Scoping {
    private final Set<String> outside;
    private final Set<String> known = new HashSet<>();
    private final Set<String> hidden = new HashSet<>();
    private boolean conditional;

    private Scoping(Set<String> outside) {
        this.outside = outside;
    }

    static void resolve(Frame template) {
        resolve(template, Stream.empty(), Set.of());
    }

    private static void resolve(Frame frame, Stream<String> parameters, Set<String> outside) {
        resolve(frame, parameters, List.of(), outside);
    }

    private static void resolve(Frame frame, List<Statement.Parameter> parameters, Set<String> outside) {
        resolve(frame, parameters.stream().map(Statement.Parameter::name), parameters, outside);
    }

    private static void resolve(
            Frame frame, Stream<String> parameters, List<Statement.Parameter> defaults, Set<String> outside) {
        var scoping = new Scoping(outside);
        parameters.forEach(scoping.known::add);
        defaults.forEach(parameter -> scoping.readDefault(parameter.absent()));
        scoping.visit(frame.body());
        frame.hide(scoping.hidden);
        var inside = new HashSet<>(outside);
        inside.addAll(scoping.known);
        resolveInner(frame.body(), inside);
    }

    private void visit(List<Statement> body) {
        body.forEach(this::visit);
    }

    private void visit(Statement statement) {
        if (statement instanceof Statement.Print print) {
            read(print.value());
        } else if (statement instanceof Statement.If branching) {
            for (Statement.Branch branch : branching.branches()) {
                read(branch.test());
                visitConditional(branch.body());
            }
            visitConditional(branching.otherwise());
        } else if (statement instanceof Statement.For loop) {
            read(loop.iterable());
        } else if (statement instanceof Statement.Set set) {
            read(set.value());
            assign(set.target());
        } else if (statement instanceof Statement.SetBlock set) {
            assign(set.target());
        } else if (statement instanceof Statement.Macro macro) {
            assign(macro.name());
        } else if (statement instanceof Statement.CallBlock block) {
            read(block.call());
        } else if (statement instanceof Statement.FilterBlock block) {
            block.filters().forEach(filter -> filter.passed().children().forEach(this::read));
        } else if (statement instanceof Statement.With with) {
            with.values().forEach(this::read);
        }
    }

    private void visitConditional(List<Statement> body) {
        boolean outer = conditional;
        conditional = true;
        visit(body);
        conditional = outer;
    }

    private void readDefault(@Nullable Expr expression) {
        if (expression != null) {
            read(expression);
        }
    }

    private void read(Expr expression) {
        if (expression instanceof Expr.Name name) {
            known.add(name.name());
        }
        expression.children().forEach(this::read);
    }

    private void assign(Target target) {
        target.namespaces().forEach(known::add);
        target.names().forEach(this::assign);
    }

    private void assign(String name) {
        if (known.add(name) && !conditional && !outside.contains(name)) {
            hidden.add(name);
        }
    }

    private static void resolveInner(List<Statement> body, Set<String> outside) {
        for (Statement statement : body) {
            if (statement instanceof Statement.If branching) {
                branching.branches().forEach(branch -> resolveInner(branch.body(), outside));
                resolveInner(branching.otherwise(), outside);
            } else if (statement instanceof Statement.For loop) {
                resolve(loop.body(), Stream.concat(loop.target().names(), Stream.of("loop")), outside);
                resolve(loop.otherwise(), Stream.empty(), outside);
            } else if (statement instanceof Statement.SetBlock set) {
                resolve(set.body(), Stream.empty(), outside);
            } else if (statement instanceof Statement.Macro macro) {
                resolve(macro.body(), macro.parameters(), outside);
            } else if (statement instanceof Statement.CallBlock block) {
                resolve(block.body(), block.parameters(), outside);
            } else if (statement instanceof Statement.FilterBlock block) {
                resolve(block.body(), Stream.empty(), outside);
            } else if (statement instanceof Statement.With with) {
                resolve(with.body(), with.targets().stream().flatMap(Target::names), outside);
            } else if (statement instanceof Statement.Generation generation) {
                resolve(generation.body(), Stream.empty(), outside);
            }
        }
    }
}
