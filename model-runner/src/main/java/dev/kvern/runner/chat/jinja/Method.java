package dev.kvern.runner.chat.jinja;

/** A method with the value it belongs to. */
record Method(Value self, String name, Function function) implements Function {
    @Override
    public Value call(Arguments arguments, Budget budget) {
        return function.call(arguments, budget);
    }

    @Override
    public String typeName() {
        return "builtin_function_or_method";
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("<built-in method " + name + " of " + self.typeName() + " object>");
    }
}
