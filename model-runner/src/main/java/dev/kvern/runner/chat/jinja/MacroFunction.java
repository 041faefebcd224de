package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A macro, or the body of a {@code call} block, with the variables around its definition. Confined to a thread. */
final class MacroFunction implements Function {
    private final String name;
    private final List<Statement.Parameter> parameters;
    private final Frame body;
    private final Scope defined;
    private final Renderer renderer;

    MacroFunction(String name, List<Statement.Parameter> parameters, Frame body, Scope defined, Renderer renderer) {
        this.name = name;
        this.parameters = parameters;
        this.body = body;
        this.defined = defined;
        this.renderer = renderer;
    }

    @Override
    public Value call(Arguments arguments, Budget budget) {
        var scope = new Scope(defined, body);
        Map<String, Value> named = new LinkedHashMap<>(arguments.named());
        var missing = new ArrayList<Statement.Parameter>();
        for (int i = 0; i < parameters.size(); i++) {
            Statement.Parameter parameter = parameters.get(i);
            Value given =
                    i < arguments.positional().size() ? arguments.positional().get(i) : named.remove(parameter.name());
            if (given == null) {
                missing.add(parameter);
            } else {
                scope.set(parameter.name(), given);
            }
        }
        special(arguments, named, scope);
        for (Statement.Parameter parameter : missing) {
            scope.set(parameter.name(), absent(parameter, scope));
        }
        return Text.of(renderer.capture(body, scope));
    }

    @Override
    public @Nullable Value attribute(String attribute) {
        return switch (attribute) {
            case "name" -> Text.of(name);
            case "arguments" ->
                new TupleValue(parameters.stream()
                        .map(parameter -> (Value) Text.of(parameter.name()))
                        .toList());
            default -> null;
        };
    }

    private Value absent(Statement.Parameter parameter, Scope scope) {
        return parameter.absent() == null
                ? new Undefined("parameter '" + parameter.name() + "' was not provided")
                : renderer.evaluator().evaluate(parameter.absent(), scope);
    }

    /** Sets {@code caller}, {@code kwargs} and {@code varargs} for a body that speaks of them, and refuses what is left. */
    private void special(Arguments arguments, Map<String, Value> named, Scope scope) {
        if (isSpecial("caller")) {
            Value caller = named.remove("caller");
            scope.set("caller", caller == null ? new Undefined("No caller defined") : caller);
        }
        if (isSpecial("kwargs")) {
            var rest = new DictValue();
            named.forEach(rest::put);
            scope.set("kwargs", rest);
        } else if (!named.isEmpty()) {
            throw new PythonError("macro '" + name + "' takes no keyword argument '"
                    + named.keySet().iterator().next() + "'");
        }
        int surplus = Math.max(0, arguments.positional().size() - parameters.size());
        if (isSpecial("varargs")) {
            int from = arguments.positional().size() - surplus;
            scope.set(
                    "varargs",
                    new TupleValue(arguments
                            .positional()
                            .subList(from, arguments.positional().size())));
        } else if (surplus > 0) {
            throw new PythonError("macro '" + name + "' takes not more than " + parameters.size() + " argument(s)");
        }
    }

    private boolean isSpecial(String variable) {
        return body.mentions(variable)
                && parameters.stream().noneMatch(parameter -> parameter.name().equals(variable));
    }
}
