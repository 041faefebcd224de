package dev.kvern.runner.chat.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Parses statements with jinja2's grammar. Used once. */
final class Parser {
    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");
    private static final String TAGS =
            "for, if, set, macro, call, filter, with, generation, break, continue, print or raw";

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    /** What ends the bodies that are being read, innermost first. */
    private final Deque<List<String>> ends = new ArrayDeque<>();
    /** Loops that {@code break} could leave; a macro's body begins at none. */
    private int loops;
    /** Loops around this place, beyond macros too. */
    private int loopsAround;

    private Parser(List<Token> tokens) {
        this.tokens = new TokenStream(tokens);
        this.expressions = new ExpressionParser(this.tokens);
    }

    static Frame parse(String template) {
        return new Frame(new Parser(Lexer.tokens(template)).statements());
    }

    private List<Statement> statements() {
        tokens.enter();
        var body = new ArrayList<Statement>();
        while (tokens.current().type() != TokenType.END) {
            switch (tokens.current().type()) {
                case DATA -> body.add(new Statement.Data(tokens.next().text()));
                case PRINT_BEGIN -> {
                    int line = tokens.next().line();
                    body.add(new Statement.Print(expressions.parseTuple(), line));
                    tokens.expect(TokenType.PRINT_END);
                }
                default -> {
                    tokens.next();
                    if (isEnd()) {
                        tokens.leave();
                        return body;
                    }
                    body.addAll(statement());
                    tokens.expect(TokenType.TAG_END);
                }
            }
        }
        if (!ends.isEmpty()) {
            throw tokens.unexpected(expectedEnds());
        }
        tokens.leave();
        return body;
    }

    private boolean isEnd() {
        Token token = tokens.current();
        return !ends.isEmpty()
                && token.type() == TokenType.NAME
                && ends.element().contains(token.text());
    }

    private String expectedEnds() {
        return ends.element().stream().map(name -> "'" + name + "'").collect(Collectors.joining(" or "));
    }

    /** The body of a statement, up to one of the tags that can end it, which is then current. */
    private List<Statement> bodyUntil(String... names) {
        tokens.skipOperator(":");
        tokens.expect(TokenType.TAG_END);
        ends.push(List.of(names));
        List<Statement> body = statements();
        ends.pop();
        return body;
    }

    private Frame frameUntil(String name) {
        var frame = new Frame(bodyUntil(name));
        tokens.next();
        return frame;
    }

    /** The body of what becomes a function, which no loop outside is part of. */
    private Frame functionUntil(String name) {
        int outside = loops;
        loops = 0;
        Frame frame = frameUntil(name);
        loops = outside;
        return frame;
    }

    private List<Statement> statement() {
        Token tag = tokens.current();
        if (tag.type() != TokenType.NAME) {
            throw tokens.unexpected("the name of a tag");
        }
        tokens.next();
        return switch (tag.text()) {
            case "print" -> print(tag.line());
            case "for" -> List.of(loop(tag.line()));
            case "if" -> List.of(conditional(tag.line()));
            case "set" -> List.of(assignment(tag.line()));
            case "macro" -> List.of(macro(tag.line()));
            case "call" -> List.of(callBlock());
            case "filter" -> List.of(new Statement.FilterBlock(filters(true), frameUntil("endfilter"), tag.line()));
            case "with" -> List.of(with(tag.line()));
            case "generation" -> List.of(new Statement.Generation(functionUntil("endgeneration")));
            case "break" -> List.of(inLoop(tag, new Statement.Break()));
            case "continue" -> List.of(inLoop(tag, new Statement.Continue()));
            default -> throw new SyntaxException(tag.line(), "tag " + tag.description(), expectedTag());
        };
    }

    private String expectedTag() {
        return ends.isEmpty() ? TAGS : expectedEnds() + ", or " + TAGS;
    }

    private Statement inLoop(Token tag, Statement statement) {
        if (loops == 0) {
            throw new SyntaxException(tag.line(), tag.description() + " outside a loop", "a 'for' around it");
        }
        return statement;
    }

    private List<Statement> print(int line) {
        var printed = new ArrayList<Statement>();
        while (tokens.current().type() != TokenType.TAG_END) {
            if (!printed.isEmpty()) {
                tokens.expectOperator(",");
            }
            printed.add(new Statement.Print(expressions.parse(), line));
        }
        return printed;
    }

    private Statement loop(int line) {
        loopsAround++;
        Target target = target("in", false);
        tokens.expectName("in");
        Expr iterable = expressions.parseTupleWithoutConditional("recursive");
        Expr condition = tokens.skipName("if") ? expressions.parse() : null;
        boolean recursive = tokens.skipName("recursive");
        loops++;
        var body = new Frame(bodyUntil("endfor", "else"));
        loops--;
        var otherwise = tokens.next().isName("endfor") ? new Frame(List.of()) : frameUntil("endfor");
        loopsAround--;
        return new Statement.For(target, iterable, condition, recursive, body, otherwise, line);
    }

    private Statement conditional(int line) {
        var branches = new ArrayList<Statement.Branch>();
        int branchLine = line;
        while (true) {
            Expr test = expressions.parseTupleWithoutConditional(null);
            branches.add(new Statement.Branch(test, bodyUntil("elif", "else", "endif"), branchLine));
            Token end = tokens.next();
            if (end.isName("else")) {
                List<Statement> otherwise = bodyUntil("endif");
                tokens.next();
                return new Statement.If(branches, otherwise);
            } else if (end.isName("endif")) {
                return new Statement.If(branches, List.of());
            }
            branchLine = end.line();
        }
    }

    private Statement assignment(int line) {
        Target target = target(null, true);
        if (tokens.skipOperator("=")) {
            return new Statement.Set(target, expressions.parseTuple(), line);
        }
        return new Statement.SetBlock(target, filters(false), frameUntil("endset"), line);
    }

    /** @param bare whether the first one has no bar before it */
    private List<Expr.FilterCall> filters(boolean bare) {
        var filters = new ArrayList<Expr.FilterCall>();
        if (bare) {
            filters.add(expressions.filterCall());
        }
        while (tokens.skipOperator("|")) {
            filters.add(expressions.filterCall());
        }
        return filters;
    }

    private Statement macro(int line) {
        String name = variable();
        List<Statement.Parameter> parameters = parameters();
        return new Statement.Macro(name, parameters, functionUntil("endmacro"), line);
    }

    private Statement callBlock() {
        List<Statement.Parameter> parameters = tokens.current().isOperator("(") ? parameters() : List.of();
        Token begin = tokens.current();
        if (!(expressions.parse() instanceof Expr.Call call)) {
            throw new SyntaxException(begin.line(), begin.description(), "the call of a macro");
        }
        return new Statement.CallBlock(parameters, functionUntil("endcall"), call);
    }

    private List<Statement.Parameter> parameters() {
        var parameters = new ArrayList<Statement.Parameter>();
        boolean optional = false;
        tokens.expectOperator("(");
        while (!tokens.skipOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            String name = variable();
            Expr absent = tokens.skipOperator("=") ? expressions.parse() : null;
            if (absent == null && optional) {
                throw tokens.unexpected("a default, as of the parameters before");
            }
            optional = absent != null;
            parameters.add(new Statement.Parameter(name, absent));
        }
        long distinct =
                parameters.stream().map(Statement.Parameter::name).distinct().count();
        if (distinct < parameters.size()) {
            throw tokens.unexpected("parameters of different names");
        }
        return parameters;
    }

    private Statement with(int line) {
        var targets = new ArrayList<Target>();
        var values = new ArrayList<Expr>();
        while (tokens.current().type() != TokenType.TAG_END) {
            if (!targets.isEmpty()) {
                tokens.expectOperator(",");
            }
            targets.add(target(null, false));
            tokens.expectOperator("=");
            values.add(expressions.parse());
        }
        return new Statement.With(targets, values, frameUntil("endwith"), line);
    }

    private String variable() {
        Token token = tokens.expect(TokenType.NAME);
        checkVariable(token);
        return token.text();
    }

    private void checkVariable(Token name) {
        if (CONSTANTS.contains(name.text())) {
            throw new SyntaxException(name.line(), name.description(), "the name of a variable");
        }
        if (name.isName("loop") && loopsAround > 0) {
            throw new SyntaxException(name.line(), name.description(), "another variable: loops set this one");
        }
    }

    private Target target(@Nullable String end, boolean namespaces) {
        var targets = new ArrayList<Target>();
        boolean several = false;
        while (!isTargetEnd(end)) {
            targets.add(singleTarget(namespaces));
            if (!tokens.skipOperator(",")) {
                break;
            }
            several = true;
        }
        if (targets.isEmpty()) {
            throw tokens.unexpected("the name of a variable");
        }
        return several ? new Target.Several(List.copyOf(targets)) : targets.get(0);
    }

    private boolean isTargetEnd(@Nullable String end) {
        Token token = tokens.current();
        return Stream.of(TokenType.TAG_END, TokenType.PRINT_END).anyMatch(type -> token.type() == type)
                || token.isOperator(")")
                || (end != null && token.isName(end));
    }

    private Target singleTarget(boolean namespaces) {
        if (tokens.skipOperator("(")) {
            tokens.enter();
            Target inner = target(null, false);
            tokens.expectOperator(")");
            tokens.leave();
            return inner;
        }
        Token name = tokens.expect(TokenType.NAME);
        if (namespaces && tokens.skipOperator(".")) {
            return new Target.NamespaceAttribute(
                    name.text(), tokens.expect(TokenType.NAME).text());
        }
        checkVariable(name);
        return new Target.Variable(name.text());
    }
}
