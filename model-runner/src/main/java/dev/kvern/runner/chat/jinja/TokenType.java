package dev.kvern.runner.chat.jinja;

enum TokenType {
    /** Text between tags. */
    DATA("text"),
    PRINT_BEGIN("{{"),
    PRINT_END("}}"),
    TAG_BEGIN("{%"),
    TAG_END("%}"),
    NAME("a name"),
    STRING("a string"),
    INTEGER("a whole number"),
    REAL("a number"),
    OPERATOR("an operator"),
    END("end of template");

    private final String description;

    TokenType(String description) {
        this.description = description;
    }

    String description() {
        return description;
    }
}
