package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Executes statements. Confined to a thread. */
final class Renderer {
    /** How a statement ended, as far as the loop around it is concerned. */
    private enum Flow {
        ON,
        CONTINUE,
        BREAK
    }

    private final Budget budget;
    private final Evaluator evaluator;

    Renderer(Budget budget) {
        this.budget = budget;
        this.evaluator = new Evaluator(budget);
    }

    Evaluator evaluator() {
        return evaluator;
    }

    /** What the frame writes. */
    String capture(Frame frame, Scope scope) {
        var out = new TextBuilder(budget);
        execute(frame.body(), scope, out);
        return out.toString();
    }

    private Flow execute(List<Statement> body, Scope scope, TextBuilder out) {
        budget.enter();
        Flow flow = Flow.ON;
        for (Iterator<Statement> it = body.iterator(); it.hasNext() && flow == Flow.ON; ) {
            flow = execute(it.next(), scope, out);
        }
        budget.leave();
        return flow;
    }

    private Flow execute(Statement statement, Scope scope, TextBuilder out) {
        budget.step();
        if (statement instanceof Statement.Data data) {
            out.append(data.text());
        } else if (statement instanceof Statement.Print print) {
            evaluator.at(print.line());
            out.appendStr(evaluator.evaluate(print.value(), scope));
        } else if (statement instanceof Statement.If branching) {
            return branch(branching, scope, out);
        } else if (statement instanceof Statement.For loop) {
            evaluator.at(loop.line());
            return loop(loop, scope, out);
        } else if (statement instanceof Statement.Set set) {
            evaluator.at(set.line());
            checkNamespaces(set.target(), scope);
            assign(set.target(), evaluator.evaluate(set.value(), scope), scope);
        } else if (statement instanceof Statement.SetBlock set) {
            return setBlock(set, scope);
        } else if (statement instanceof Statement.Macro macro) {
            scope.set(macro.name(), new MacroFunction(macro.name(), macro.parameters(), macro.body(), scope, this));
        } else if (statement instanceof Statement.CallBlock block) {
            var caller = new MacroFunction("caller", block.parameters(), block.body(), scope, this);
            out.append(text(evaluator.call(block.call(), caller, scope)));
        } else if (statement instanceof Statement.FilterBlock block) {
            return filterBlock(block, scope, out);
        } else if (statement instanceof Statement.With with) {
            return with(with, scope, out);
        } else if (statement instanceof Statement.Generation generation) {
            out.append(capture(generation.body(), new Scope(scope, generation.body())));
        } else {
            return statement instanceof Statement.Break ? Flow.BREAK : Flow.CONTINUE;
        }
        return Flow.ON;
    }

    private Flow branch(Statement.If branching, Scope scope, TextBuilder out) {
        for (Statement.Branch branch : branching.branches()) {
            evaluator.at(branch.line());
            if (evaluator.evaluate(branch.test(), scope).truthy()) {
                return execute(branch.body(), scope, out);
            }
        }
        return execute(branching.otherwise(), scope, out);
    }

    private Flow loop(Statement.For loop, Scope scope, TextBuilder out) {
        Value iterable = evaluator.evaluate(loop.iterable(), scope);
        if (!loop.recursive()) {
            return loop(loop, iterable, 0, scope, out);
        }
        // A recursive loop is a function to jinja2, which break and continue of its else part cannot leave.
        loop(loop, iterable, 0, scope, out);
        return Flow.ON;
    }

    private Flow loop(Statement.For loop, Value iterable, int depth, Scope scope, TextBuilder out) {
        Value items = loop.condition() == null ? iterable : filtered(loop, loop.condition(), iterable, scope);
        var state = new LoopValue(items, depth, loop.recursive() ? recursion(loop, depth, scope) : null);
        boolean completed = false;
        Flow flow = Flow.ON;
        for (Value item = state.advance(); item != null; item = flow == Flow.BREAK ? null : state.advance()) {
            budget.step();
            var inner = new Scope(scope, loop.body());
            inner.set("loop", state);
            assign(loop.target(), item, inner);
            flow = execute(loop.body().body(), inner, out);
            completed |= flow == Flow.ON;
        }
        // As in jinja2, rounds that break or continue ends do not count.
        return completed ? Flow.ON : execute(loop.otherwise().body(), new Scope(scope, loop.otherwise()), out);
    }

    private Value filtered(Statement.For loop, Expr condition, Value iterable, Scope scope) {
        return Generators.filter(iterable, item -> {
            var inner = new Scope(scope, new Frame(List.of()));
            assign(loop.target(), item, inner);
            return evaluator.evaluate(condition, inner).truthy();
        });
    }

    private Function recursion(Statement.For loop, int depth, Scope scope) {
        return (arguments, used) -> {
            Value iterable = arguments.inOrder("loop", 1, 1).get(0);
            var out = new TextBuilder(budget);
            budget.enter();
            loop(loop, iterable, depth + 1, scope, out);
            budget.leave();
            return Text.of(out.toString());
        };
    }

    private Flow setBlock(Statement.SetBlock set, Scope scope) {
        var inner = new Scope(scope, set.body());
        var text = new TextBuilder(budget);
        Flow flow = execute(set.body().body(), inner, text);
        if (flow == Flow.ON) {
            evaluator.at(set.line());
            Value value = filter(Text.of(text.toString()), set.filters(), inner);
            checkNamespaces(set.target(), scope);
            assign(set.target(), value, scope);
        }
        return flow;
    }

    private Flow filterBlock(Statement.FilterBlock block, Scope scope, TextBuilder out) {
        var inner = new Scope(scope, block.body());
        var text = new TextBuilder(budget);
        Flow flow = execute(block.body().body(), inner, text);
        if (flow == Flow.ON) {
            evaluator.at(block.line());
            out.append(text(filter(Text.of(text.toString()), block.filters(), inner)));
        }
        return flow;
    }

    /** What blocks write must be text; jinja2 converts only what is printed. */
    private static String text(Value value) {
        if (value instanceof Text text) {
            return text.value();
        }
        throw new PythonError("expected str instance, " + value.typeName() + " found");
    }

    private Value filter(Value value, List<Expr.FilterCall> filters, Scope scope) {
        Value result = value;
        for (Expr.FilterCall filter : filters) {
            result = evaluator.filter(result, filter, scope);
        }
        return result;
    }

    private Flow with(Statement.With with, Scope scope, TextBuilder out) {
        evaluator.at(with.line());
        var inner = new Scope(scope, with.body());
        for (int i = 0; i < with.targets().size(); i++) {
            assign(with.targets().get(i), evaluator.evaluate(with.values().get(i), scope), inner);
        }
        return execute(with.body().body(), inner, out);
    }

    private static void checkNamespaces(Target target, Scope scope) {
        target.namespaces().forEach(name -> {
            if (!(scope.get(name) instanceof Namespace)) {
                throw new PythonError("cannot assign attribute on non-namespace object");
            }
        });
    }

    private void assign(Target target, Value value, Scope scope) {
        if (target instanceof Target.Variable variable) {
            scope.set(variable.name(), value);
        } else if (target instanceof Target.NamespaceAttribute attribute) {
            if (scope.get(attribute.namespace()) instanceof Namespace namespace) {
                namespace.set(attribute.attribute(), value);
            }
        } else if (target instanceof Target.Several several) {
            List<Value> parts = unpack(value, several.targets().size());
            for (int i = 0; i < parts.size(); i++) {
                assign(several.targets().get(i), parts.get(i), scope);
            }
        }
    }

    private static List<Value> unpack(Value value, int count) {
        var parts = new ArrayList<Value>();
        for (Iterator<Value> it = value.iterator(); it.hasNext(); ) {
            if (parts.size() == count) {
                throw new PythonError("too many values to unpack (expected " + count + ")");
            }
            parts.add(it.next());
        }
        if (parts.size() < count) {
            throw new PythonError("not enough values to unpack (expected " + count + ", got " + parts.size() + ")");
        }
        return parts;
    }
}
