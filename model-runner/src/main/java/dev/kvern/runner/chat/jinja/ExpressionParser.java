package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses expressions with jinja2's grammar, one method a level of precedence, loosest first. Confined to a thread. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> BOOLEANS = Set.of("true", "false", "True", "False");

    private final TokenStream tokens;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    Expr parse() {
        tokens.enter();
        Expr value = or();
        int links = 0;
        while (tokens.current().isName("if")) {
            links = link(links);
            int line = tokens.next().line();
            Expr test = or();
            Expr otherwise = tokens.skipName("else") ? parse() : null;
            value = new Expr.Conditional(test, value, otherwise, line);
        }
        tokens.leave(links + 1);
        return value;
    }

    /** Operators that group to the left nest what they are applied to, as parentheses do. */
    private int link(int links) {
        tokens.enter();
        return links + 1;
    }

    /** One expression, or several between commas, which make a tuple; none of them a bare {@code a if b}. */
    Expr parseTupleWithoutConditional(@Nullable String end) {
        return tuple(false, end, false);
    }

    Expr parseTuple() {
        return tuple(true, null, false);
    }

    private Expr tuple(boolean conditional, @Nullable String end, boolean mayBeEmpty) {
        var items = new ArrayList<Expr>();
        boolean several = false;
        while (!isTupleEnd(end)) {
            items.add(conditional ? parse() : or());
            if (!tokens.skipOperator(",")) {
                break;
            }
            several = true;
        }
        if (several || (items.isEmpty() && mayBeEmpty)) {
            return new Expr.TupleOf(List.copyOf(items));
        }
        if (items.isEmpty()) {
            throw tokens.unexpected("an expression");
        }
        return items.get(0);
    }

    private boolean isTupleEnd(@Nullable String end) {
        Token token = tokens.current();
        return token.type() == TokenType.PRINT_END
                || token.type() == TokenType.TAG_END
                || token.isOperator(")")
                || (end != null && token.isName(end));
    }

    private Expr or() {
        Expr left = and();
        int links = 0;
        while (tokens.skipName("or")) {
            links = link(links);
            left = new Expr.Or(left, and());
        }
        tokens.leave(links);
        return left;
    }

    private Expr and() {
        Expr left = not();
        int links = 0;
        while (tokens.skipName("and")) {
            links = link(links);
            left = new Expr.And(left, not());
        }
        tokens.leave(links);
        return left;
    }

    private Expr not() {
        if (!tokens.skipName("not")) {
            return comparison();
        }
        tokens.enter();
        var negated = new Expr.Not(not());
        tokens.leave();
        return negated;
    }

    private Expr comparison() {
        Expr first = sum();
        var others = new ArrayList<Expr.Comparand>();
        while (true) {
            Token token = tokens.current();
            if (token.type() == TokenType.OPERATOR && COMPARISONS.contains(token.text())) {
                others.add(new Expr.Comparand(tokens.next().text(), sum()));
            } else if (tokens.skipName("in")) {
                others.add(new Expr.Comparand("in", sum()));
            } else if (token.isName("not") && tokens.following().isName("in")) {
                tokens.next();
                tokens.next();
                others.add(new Expr.Comparand("not in", sum()));
            } else {
                return others.isEmpty() ? first : new Expr.Compare(first, List.copyOf(others));
            }
        }
    }

    private Expr sum() {
        Expr left = concatenation();
        for (int links = 0; ; links = link(links)) {
            int line = tokens.line();
            if (tokens.skipOperator("+")) {
                left = new Expr.Binary(BinaryOperator.ADD, left, concatenation(), line);
            } else if (tokens.skipOperator("-")) {
                left = new Expr.Binary(BinaryOperator.SUBTRACT, left, concatenation(), line);
            } else {
                tokens.leave(links);
                return left;
            }
        }
    }

    private Expr concatenation() {
        Expr first = product();
        if (!tokens.current().isOperator("~")) {
            return first;
        }
        var parts = new ArrayList<>(List.of(first));
        while (tokens.skipOperator("~")) {
            parts.add(product());
        }
        return new Expr.Concat(List.copyOf(parts));
    }

    private Expr product() {
        Expr left = power();
        for (int links = 0; ; links = link(links)) {
            BinaryOperator operator = productOperator();
            if (operator == null) {
                tokens.leave(links);
                return left;
            }
            int line = tokens.next().line();
            left = new Expr.Binary(operator, left, power(), line);
        }
    }

    private @Nullable BinaryOperator productOperator() {
        if (tokens.current().type() != TokenType.OPERATOR) {
            return null;
        }
        return switch (tokens.current().text()) {
            case "*" -> BinaryOperator.MULTIPLY;
            case "/" -> BinaryOperator.DIVIDE;
            case "//" -> BinaryOperator.FLOOR_DIVIDE;
            case "%" -> BinaryOperator.MODULO;
            default -> null;
        };
    }

    /** In Jinja powers group to the left, unlike in Python. */
    private Expr power() {
        Expr left = unary(true);
        int links = 0;
        while (tokens.current().isOperator("**")) {
            links = link(links);
            int line = tokens.next().line();
            left = new Expr.Binary(BinaryOperator.POWER, left, unary(true), line);
        }
        tokens.leave(links);
        return left;
    }

    private Expr unary(boolean filters) {
        tokens.enter();
        Expr value;
        if (tokens.skipOperator("-")) {
            value = new Expr.Negate(unary(false));
        } else if (tokens.skipOperator("+")) {
            value = new Expr.Plus(unary(false));
        } else {
            value = primary();
        }
        value = postfix(value);
        if (filters) {
            value = filtersAndTests(value);
        }
        tokens.leave();
        return value;
    }

    private Expr primary() {
        Token token = tokens.current();
        switch (token.type()) {
            case NAME -> {
                tokens.next();
                return name(token.text());
            }
            case STRING -> {
                return new Expr.Literal(Text.of(strings()));
            }
            case INTEGER -> {
                tokens.next();
                return new Expr.Literal(integer(token));
            }
            case REAL -> {
                tokens.next();
                return new Expr.Literal(new Real(Double.parseDouble(token.text())));
            }
            default -> {
                if (tokens.skipOperator("(")) {
                    Expr tuple = tuple(true, null, true);
                    tokens.expectOperator(")");
                    return tuple;
                } else if (tokens.skipOperator("[")) {
                    return new Expr.ListOf(items("]"));
                } else if (tokens.skipOperator("{")) {
                    return dict();
                }
                throw tokens.unexpected("an expression");
            }
        }
    }

    private static Expr name(String name) {
        if (BOOLEANS.contains(name)) {
            return new Expr.Literal(Bool.of("true".equalsIgnoreCase(name)));
        }
        return "none".equals(name) || "None".equals(name) ? new Expr.Literal(None.NONE) : new Expr.Name(name);
    }

    /** Strings one after the other are one. */
    private String strings() {
        var text = new StringBuilder();
        while (tokens.current().type() == TokenType.STRING) {
            text.append(tokens.next().text());
        }
        return text.toString();
    }

    private static Value integer(Token token) {
        BigInteger number = Numbers.parseInt(token.text(), 0);
        if (number == null || number.bitLength() > Budget.INT_BITS) {
            throw new SyntaxException(token.line(), token.description(), "a smaller whole number");
        }
        return new Int(number);
    }

    private List<Expr> items(String end) {
        var items = new ArrayList<Expr>();
        while (!tokens.skipOperator(end)) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator(end)) {
                    break;
                }
            }
            items.add(parse());
        }
        return List.copyOf(items);
    }

    private Expr dict() {
        var keysAndValues = new ArrayList<Expr>();
        while (!tokens.skipOperator("}")) {
            if (!keysAndValues.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator("}")) {
                    break;
                }
            }
            keysAndValues.add(parse());
            tokens.expectOperator(":");
            keysAndValues.add(parse());
        }
        return new Expr.DictOf(List.copyOf(keysAndValues));
    }

    private Expr postfix(Expr value) {
        Expr result = value;
        for (int links = 0; ; links = link(links)) {
            if (tokens.current().isOperator(".")) {
                result = attribute(result);
            } else if (tokens.current().isOperator("[")) {
                result = subscript(result);
            } else if (tokens.current().isOperator("(")) {
                int line = tokens.line();
                result = new Expr.Call(result, passed(), line);
            } else {
                tokens.leave(links);
                return result;
            }
        }
    }

    private Expr filtersAndTests(Expr value) {
        Expr result = value;
        for (int links = 0; ; links = link(links)) {
            if (tokens.skipOperator("|")) {
                result = new Expr.Filtered(result, filterCall());
            } else if (tokens.current().isName("is")) {
                result = test(result);
            } else if (tokens.current().isOperator("(")) {
                int line = tokens.line();
                result = new Expr.Call(result, passed(), line);
            } else {
                tokens.leave(links);
                return result;
            }
        }
    }

    private Expr attribute(Expr target) {
        int line = tokens.next().line();
        Token name = tokens.current();
        if (name.type() == TokenType.NAME) {
            tokens.next();
            return new Expr.Attribute(target, name.text(), line);
        } else if (name.type() == TokenType.INTEGER) {
            tokens.next();
            return new Expr.Item(target, new Expr.Literal(integer(name)), line);
        }
        throw tokens.unexpected("a name or a number");
    }

    private Expr subscript(Expr target) {
        int line = tokens.next().line();
        if (tokens.skipOperator("]")) {
            return new Expr.Item(target, new Expr.TupleOf(List.of()), line);
        }
        Expr start = tokens.current().isOperator(":") ? null : parse();
        if (tokens.skipOperator(":")) {
            Expr stop = tokens.current().isOperator(":") ? null : sliceEnd();
            Expr step = tokens.skipOperator(":") ? sliceEnd() : null;
            tokens.expectOperator("]");
            return new Expr.Slice(target, start, stop, step, line);
        }
        if (start == null) {
            throw tokens.unexpected("an expression");
        }
        if (tokens.skipOperator("]")) {
            return new Expr.Item(target, start, line);
        }
        tokens.expectOperator(",");
        var items = new ArrayList<>(List.of(start));
        items.addAll(items("]"));
        return new Expr.Item(target, new Expr.TupleOf(List.copyOf(items)), line);
    }

    private @Nullable Expr sliceEnd() {
        return tokens.current().isOperator("]") ? null : parse();
    }

    /** A filter with its arguments, after the bar. */
    Expr.FilterCall filterCall() {
        int line = tokens.line();
        String name = dottedName();
        Expr.Passed passed = tokens.current().isOperator("(") ? passed() : Expr.Passed.NOTHING;
        return new Expr.FilterCall(name, passed, line);
    }

    private String dottedName() {
        var name = new StringBuilder(tokens.expect(TokenType.NAME).text());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expect(TokenType.NAME).text());
        }
        return name.toString();
    }

    private Expr test(Expr input) {
        int line = tokens.next().line();
        boolean negated = tokens.skipName("not");
        String name = dottedName();
        Expr.Passed passed = Expr.Passed.NOTHING;
        if (tokens.current().isOperator("(")) {
            passed = passed();
        } else if (beginsTestArgument()) {
            if (tokens.current().isName("is")) {
                throw tokens.unexpected("no second test; 'and' between them");
            }
            passed = new Expr.Passed(List.of(postfix(primary())), List.of(), null, null);
        }
        var test = new Expr.Test(input, name, passed, line);
        return negated ? new Expr.Not(test) : test;
    }

    private boolean beginsTestArgument() {
        Token token = tokens.current();
        return switch (token.type()) {
            case STRING, INTEGER, REAL -> true;
            case NAME -> !token.isName("else") && !token.isName("or") && !token.isName("and");
            default -> token.isOperator("[") || token.isOperator("{");
        };
    }

    private Expr.Passed passed() {
        tokens.expectOperator("(");
        var positional = new ArrayList<Expr>();
        var named = new ArrayList<Expr.Keyword>();
        Expr spread = null;
        Expr spreadNamed = null;
        boolean first = true;
        while (!tokens.skipOperator(")")) {
            if (!first) {
                tokens.expectOperator(",");
                if (tokens.skipOperator(")")) {
                    break;
                }
            }
            first = false;
            if (spreadNamed != null) {
                throw tokens.unexpected("')' after **");
            } else if (tokens.skipOperator("**")) {
                spreadNamed = parse();
            } else if (spread == null && tokens.skipOperator("*")) {
                spread = parse();
            } else if (tokens.current().type() == TokenType.NAME
                    && tokens.following().isOperator("=")) {
                String name = tokens.next().text();
                tokens.next();
                named.add(new Expr.Keyword(name, parse()));
            } else if (spread != null || !named.isEmpty()) {
                throw tokens.unexpected("an argument with a name");
            } else {
                positional.add(parse());
            }
        }
        return new Expr.Passed(List.copyOf(positional), List.copyOf(named), spread, spreadNamed);
    }
}
