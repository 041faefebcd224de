package dev.kvern.runner.chat.jinja;

/**
 * @param text of a string what it stands for, of a number its digits, otherwise what the template says
 * @param line counted from 1
 */
record Token(TokenType type, String text, int line) {
    boolean isOperator(String symbol) {
        return type == TokenType.OPERATOR && text.equals(symbol);
    }

    boolean isName(String name) {
        return type == TokenType.NAME && text.equals(name);
    }

    String description() {
        return switch (type) {
            case NAME, OPERATOR, INTEGER, REAL -> "'" + text + "'";
            case STRING, DATA, END -> type.description();
            default -> "'" + type.description() + "'";
        };
    }
}
