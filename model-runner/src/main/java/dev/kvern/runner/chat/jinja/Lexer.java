package dev.kvern.runner.chat.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens as jinja2's lexer does with {@code trim_blocks} and {@code lstrip_blocks}: a line break
 * after a tag or comment and the indentation before it belong to it, {@code -} takes all white space, {@code +} none,
 * and one line break at the end of the template is not part of it. Used once.
 */
final class Lexer {
    private static final Pattern REAL =
            Pattern.compile("(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
    private static final List<String> OPERATORS = List.of(
            "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
            "=", ".", ":", "|", ",", ";");

    private static final int LONGEST_NUMBER = 1_000;

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<String> closings = new ArrayDeque<>();
    private int at;
    private int line = 1;
    private boolean atLineStart = true;

    private Lexer(String template) {
        String text = template.replace("\r\n", "\n").replace('\r', '\n');
        source = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    static List<Token> tokens(String template) {
        var lexer = new Lexer(template);
        while (lexer.at < lexer.source.length()) {
            lexer.readDataAndTag();
        }
        lexer.add(TokenType.END, "");
        return lexer.tokens;
    }

    private void add(TokenType type, String text) {
        tokens.add(new Token(type, text, line));
    }

    private SyntaxException error(String found, String expected) {
        return new SyntaxException(line, found, expected);
    }

    private void advance(int to) {
        for (int i = at; i < to; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
        atLineStart = to > at && source.charAt(to - 1) == '\n';
        at = to;
    }

    private void readDataAndTag() {
        int open = nextOpening();
        if (open < 0) {
            add(TokenType.DATA, source.substring(at));
            advance(source.length());
            return;
        }
        char kind = source.charAt(open + 1);
        char control = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
        String data = source.substring(at, open);
        String kept = withoutIndent(data, kind, control);
        if (!kept.isEmpty()) {
            add(TokenType.DATA, kept);
        }
        advance(open);
        int body = open + (control == '-' || control == '+' ? 3 : 2);
        if (kind == '#') {
            readComment(body);
        } else if (kind == '{') {
            add(TokenType.PRINT_BEGIN, "{{");
            advance(body);
            readInside(TokenType.PRINT_END);
        } else if (isRawAt(body)) {
            readRaw(body);
        } else {
            add(TokenType.TAG_BEGIN, "{%");
            advance(body);
            readInside(TokenType.TAG_END);
        }
    }

    private int nextOpening() {
        for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '%' || next == '{' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    private String withoutIndent(String data, char kind, char control) {
        if (control == '-') {
            return Characters.stripEnd(data, Characters::isSpace);
        }
        if (control == '+' || kind == '{') {
            return data;
        }
        int lineStart = data.lastIndexOf('\n') + 1;
        boolean blank = data.substring(lineStart).codePoints().allMatch(Characters::isSpace);
        return blank && (lineStart > 0 || atLineStart) ? data.substring(0, lineStart) : data;
    }

    /** The end of a tag that closes at {@code close} with two characters, and what it takes of what follows. */
    private int afterClosing(int close, boolean all, boolean trims) {
        int end = close + 2;
        if (all) {
            while (end < source.length() && Characters.isSpace(source.charAt(end))) {
                end++;
            }
        } else if (trims && end < source.length() && source.charAt(end) == '\n') {
            end++;
        }
        return end;
    }

    private void readComment(int body) {
        int close = source.indexOf("#}", body);
        if (close < 0) {
            throw error("'{#' without an end", "'#}'");
        }
        char control = close > body ? source.charAt(close - 1) : ' ';
        advance(afterClosing(close, control == '-', control != '+'));
    }

    private int skipSpaces(int from) {
        int i = from;
        while (i < source.length() && Characters.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    private boolean isRawAt(int body) {
        int name = skipSpaces(body);
        if (!source.startsWith("raw", name)) {
            return false;
        }
        int close = skipSpaces(name + 3);
        return source.startsWith("%}", close) || source.startsWith("-%}", close);
    }

    private void readRaw(int body) {
        int close = skipSpaces(skipSpaces(body) + 3);
        boolean all = source.charAt(close) == '-';
        advance(afterClosing(all ? close + 1 : close, all, false));
        for (int open = source.indexOf("{%", at); open >= 0; open = source.indexOf("{%", open + 1)) {
            char control = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
            int name = skipSpaces(open + (control == '-' || control == '+' ? 3 : 2));
            if (!source.startsWith("endraw", name)) {
                continue;
            }
            int end = skipSpaces(name + 6);
            char endControl = end < source.length() ? source.charAt(end) : ' ';
            int percent = endControl == '-' || endControl == '+' ? end + 1 : end;
            if (!source.startsWith("%}", percent)) {
                continue;
            }
            String kept = withoutIndent(source.substring(at, open), '%', control);
            if (!kept.isEmpty()) {
                add(TokenType.DATA, kept);
            }
            advance(afterClosing(percent, endControl == '-', endControl != '+'));
            return;
        }
        throw error("'raw' without an end", "'endraw'");
    }

    private void readInside(TokenType end) {
        String closing = end.description();
        while (true) {
            advance(skipSpaces(at));
            if (at >= source.length()) {
                // The parser knows better what is missing.
                return;
            }
            if (closings.isEmpty()) {
                boolean minus = source.startsWith("-" + closing, at);
                boolean plus = end == TokenType.TAG_END && source.startsWith("+" + closing, at);
                if (minus || plus || source.startsWith(closing, at)) {
                    int close = minus || plus ? at + 1 : at;
                    add(end, closing);
                    advance(afterClosing(close, minus, end == TokenType.TAG_END && !plus));
                    return;
                }
            }
            readToken();
        }
    }

    private void readToken() {
        char c = source.charAt(at);
        int end = Math.min(source.length(), at + LONGEST_NUMBER);
        Matcher real = REAL.matcher(source).region(at, end);
        Matcher integer = INTEGER.matcher(source).region(at, end);
        if (real.lookingAt() && (at == 0 || source.charAt(at - 1) != '.')) {
            add(TokenType.REAL, real.group().replace("_", ""));
            advance(real.end());
        } else if (integer.lookingAt()) {
            add(TokenType.INTEGER, integer.group().replace("_", ""));
            advance(integer.end());
        } else if (Characters.isIdentifierStart(source.codePointAt(at))) {
            readName();
        } else if (c == '\'' || c == '"') {
            readString(c);
        } else {
            readOperator();
        }
    }

    private void readName() {
        int end = at;
        while (end < source.length() && Characters.isIdentifierPart(source.codePointAt(end))) {
            end += Character.charCount(source.codePointAt(end));
        }
        add(TokenType.NAME, source.substring(at, end));
        advance(end);
    }

    private void readString(char quote) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw error("a string without an end", "a closing " + quote);
        }
        String text;
        try {
            text = Escapes.decode(source.substring(at + 1, end));
        } catch (IllegalArgumentException e) {
            throw error(String.valueOf(e.getMessage()), "an escape that Python knows");
        }
        add(TokenType.STRING, text);
        advance(end + 1);
    }

    private void readOperator() {
        String symbol = OPERATORS.stream()
                .filter(operator -> source.startsWith(operator, at))
                .findFirst()
                .orElseThrow(() -> error(
                        "'" + Character.toString(source.codePointAt(at)) + "'", "an expression or the end of the tag"));
        switch (symbol) {
            case "(" -> closings.push(")");
            case "[" -> closings.push("]");
            case "{" -> closings.push("}");
            case ")", "]", "}" -> {
                String expected = closings.poll();
                if (!symbol.equals(expected)) {
                    throw error(
                            "'" + symbol + "'", expected == null ? "an opening one before it" : "'" + expected + "'");
                }
            }
            default -> {}
        }
        add(TokenType.OPERATOR, symbol);
        advance(at + symbol.length());
    }
}
