package dev.kvern.runner.chat.jinja;

import java.util.List;

/** Tokens with a place among them. Confined to a thread. */
final class TokenStream {
    private static final int DEEPEST = 200;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    /** The one after the current; the last one if there is none. */
    Token following() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    /** Moves on, and returns the token that was current. */
    Token next() {
        Token token = current();
        if (at < tokens.size() - 1) {
            at++;
        }
        return token;
    }

    int line() {
        return current().line();
    }

    boolean skipName(String name) {
        boolean found = current().isName(name);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipOperator(String symbol) {
        boolean found = current().isOperator(symbol);
        if (found) {
            next();
        }
        return found;
    }

    void expectOperator(String symbol) {
        if (!skipOperator(symbol)) {
            throw unexpected("'" + symbol + "'");
        }
    }

    void expectName(String name) {
        if (!skipName(name)) {
            throw unexpected("'" + name + "'");
        }
    }

    Token expect(TokenType type) {
        if (current().type() != type) {
            throw unexpected(
                    switch (type) {
                        case TAG_END, PRINT_END -> "'" + type.description() + "'";
                        default -> type.description();
                    });
        }
        return next();
    }

    SyntaxException unexpected(String expected) {
        return new SyntaxException(line(), current().description(), expected);
    }

    /** Each level of what is parsed within itself, so that a template cannot exhaust the stack. */
    void enter() {
        if (++depth > DEEPEST) {
            throw new SyntaxException(line(), "nested too deeply", "at most " + DEEPEST + " levels");
        }
    }

    void leave() {
        depth--;
    }

    void leave(int levels) {
        depth -= levels;
    }
}
