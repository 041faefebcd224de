package dev.kvern.runner.chat.jinja;

/** Something that can be called: a global function, a method with its object, a macro. */
non-sealed interface Function extends Value {
    Value call(Arguments arguments, Budget budget);

    @Override
    default String typeName() {
        return "function";
    }

    @Override
    default boolean truthy() {
        return true;
    }

    @Override
    default void repr(TextBuilder out) {
        out.append("<function>");
    }
}
