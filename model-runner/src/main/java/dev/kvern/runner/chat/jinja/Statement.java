package dev.kvern.runner.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A piece of a template, as parsed. */
sealed interface Statement {
    record Data(String text) implements Statement {}

    record Print(Expr value, int line) implements Statement {}

    record If(List<Branch> branches, List<Statement> otherwise) implements Statement {}

    record Branch(Expr test, List<Statement> body, int line) {}

    record For(
            Target target,
            Expr iterable,
            @Nullable Expr condition,
            boolean recursive,
            Frame body,
            Frame otherwise,
            int line)
            implements Statement {}

    record Set(Target target, Expr value, int line) implements Statement {}

    record SetBlock(Target target, List<Expr.FilterCall> filters, Frame body, int line) implements Statement {}

    record Macro(String name, List<Parameter> parameters, Frame body, int line) implements Statement {}

    record Parameter(String name, @Nullable Expr absent) {}

    /** {@code call}: the body becomes what {@code caller()} is in the macro that is called. */
    record CallBlock(List<Parameter> parameters, Frame body, Expr.Call call) implements Statement {}

    record FilterBlock(List<Expr.FilterCall> filters, Frame body, int line) implements Statement {}

    record With(List<Target> targets, List<Expr> values, Frame body, int line) implements Statement {}

    /** What transformers marks as written by the model; its text is its body's. */
    record Generation(Frame body) implements Statement {}

    record Break() implements Statement {}

    record Continue() implements Statement {}
}
