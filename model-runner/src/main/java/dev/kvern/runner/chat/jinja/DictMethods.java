package dev.kvern.runner.chat.jinja;

import org.jspecify.annotations.Nullable;

/** Methods of dicts that change nothing. */
final class DictMethods {
    private DictMethods() {}

    static @Nullable Value find(DictValue self, String name) {
        Function function = switch (name) {
            case "get" -> (arguments, budget) -> get(self, arguments);
            case "keys" -> (arguments, budget) -> view(DictView.Kind.KEYS, self, arguments);
            case "values" -> (arguments, budget) -> view(DictView.Kind.VALUES, self, arguments);
            case "items" -> (arguments, budget) -> view(DictView.Kind.ITEMS, self, arguments);
            case "copy" -> (arguments, budget) -> self;
            default -> null;
        };
        return function == null ? null : new Method(self, name, function);
    }

    private static Value get(DictValue self, Arguments arguments) {
        Arguments.Bound bound = arguments.inOrder("get", 1, 2);
        if (bound.get(0) instanceof ListValue || bound.get(0) instanceof DictValue) {
            throw new PythonError("unhashable type: '" + bound.get(0).typeName() + "'");
        }
        Value found = self.get(bound.get(0));
        return found == null ? bound.get(1, None.NONE) : found;
    }

    private static Value view(DictView.Kind kind, DictValue self, Arguments arguments) {
        arguments.inOrder("dict method", 0, 0);
        return new DictView(kind, self);
    }
}
