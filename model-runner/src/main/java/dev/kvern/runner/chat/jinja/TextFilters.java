package dev.kvern.runner.chat.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Filters that make text of what they are given. */
final class TextFilters {
    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

    private TextFilters() {}

    static Map<String, Filters.Filter> all() {
        Map<String, Filters.Filter> all = new HashMap<>();
        all.put("upper", (input, arguments, budget) -> {
            arguments.inOrder("upper", 0, 0);
            return text(input, budget).with(TextCase.upper(text(input, budget).value()));
        });
        all.put("lower", (input, arguments, budget) -> {
            arguments.inOrder("lower", 0, 0);
            return text(input, budget).with(TextCase.lower(text(input, budget).value()));
        });
        all.put("capitalize", (input, arguments, budget) -> {
            arguments.inOrder("capitalize", 0, 0);
            return text(input, budget).with(TextCase.capital(text(input, budget).value()));
        });
        all.put("title", TextFilters::title);
        all.put("trim", TextFilters::trim);
        all.put("replace", TextFilters::replace);
        all.put("indent", TextFilters::indent);
        all.put("center", (input, arguments, budget) -> {
            Text text = text(input, budget);
            int width = arguments.byName("center", 0, "width").number(0, 80);
            return text.with(TextMethods.pad(text, width, " ", "center", budget));
        });
        all.put("truncate", TextFilters::truncate);
        all.put("wordcount", (input, arguments, budget) -> {
            arguments.inOrder("wordcount", 0, 0);
            return Int.of(WORD.matcher(text(input, budget).value()).results().count());
        });
        all.put("format", TextFilters::format);
        all.put("string", (input, arguments, budget) -> {
            arguments.inOrder("string", 0, 0);
            return text(input, budget);
        });
        all.put("safe", (input, arguments, budget) -> {
            arguments.inOrder("safe", 0, 0);
            return new Text(TextBuilder.str(input, budget), true);
        });
        all.put("escape", TextFilters::escape);
        all.put("e", TextFilters::escape);
        all.put("forceescape", (input, arguments, budget) -> {
            arguments.inOrder("forceescape", 0, 0);
            return new Text(Html.escape(TextBuilder.str(input, budget)), true);
        });
        all.put("tojson", TextFilters::json);
        return all;
    }

    static Text text(Value value, Budget budget) {
        return value instanceof Text text ? text : Text.of(TextBuilder.str(value, budget));
    }

    private static Value title(Value input, Arguments arguments, Budget budget) {
        arguments.inOrder("title", 0, 0);
        Text text = text(input, budget);
        var titled = new StringBuilder();
        boolean begins = true;
        var word = new StringBuilder();
        // Unlike str.title, words end only at white space, hyphens and opening brackets.
        for (int c : text.value().codePoints().toArray()) {
            boolean separator = c == '-' || "({[<".indexOf(c) >= 0 || Characters.isSpace(c);
            if (separator != begins || (separator && word.isEmpty())) {
                appendTitled(titled, word);
                begins = separator;
            }
            word.appendCodePoint(c);
        }
        appendTitled(titled, word);
        return text.with(titled.toString());
    }

    private static void appendTitled(StringBuilder titled, StringBuilder word) {
        if (!word.isEmpty()) {
            int first = Character.charCount(word.codePointAt(0));
            titled.append(TextCase.upper(word.substring(0, first))).append(TextCase.lower(word.substring(first)));
            word.setLength(0);
        }
    }

    private static Value trim(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("trim", 0, "chars");
        Text text = text(input, budget);
        return text.with(TextMethods.strip(text.value(), bound.meant(0) ? bound.text(0) : null, true, true));
    }

    private static Value replace(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("replace", 2, "old", "new", "count");
        return Text.of(TextMethods.replace(
                TextBuilder.str(input, budget),
                TextBuilder.str(bound.get(0), budget),
                TextBuilder.str(bound.get(1), budget),
                bound.meant(2) ? bound.number(2, -1) : -1,
                budget));
    }

    private static Value indent(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("indent", 0, "width", "first", "blank");
        if (!(input instanceof Text text)) {
            throw new PythonError("indent() needs a str, not " + input.typeName());
        }
        String indent;
        if (bound.given(0) && bound.get(0) instanceof Text given) {
            indent = given.value();
        } else {
            int width = Math.max(0, bound.number(0, 4));
            budget.checkSize(width);
            indent = " ".repeat(width);
        }
        List<String> lines = Characters.lines(text.value() + "\n", false);
        boolean blank = bound.truthy(2, false);
        var out = new TextBuilder(budget);
        for (int i = 0; i < lines.size(); i++) {
            boolean indented =
                    i == 0 ? bound.truthy(1, false) : blank || !lines.get(i).isEmpty();
            out.append(i == 0 ? "" : "\n").append(indented ? indent : "").append(lines.get(i));
        }
        return text.with(out.toString());
    }

    private static Value truncate(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("truncate", 0, "length", "killwords", "end", "leeway");
        if (!(input instanceof Text text)) {
            throw new PythonError("truncate() needs a str, not " + input.typeName());
        }
        int length = bound.number(0, 255);
        Text end = bound.given(2) ? Text.of(bound.text(2)) : Text.of("...");
        int leeway = bound.meant(3) ? bound.number(3, 5) : 5;
        if (length < end.length() || leeway < 0) {
            throw new PythonError("expected length >= " + end.length() + " and leeway >= 0");
        }
        if (text.length() <= (long) length + leeway) {
            return text;
        }
        String cut = text.value().substring(0, text.value().offsetByCodePoints(0, length - end.length()));
        int space = cut.lastIndexOf(' ');
        boolean wholeWords = !bound.truthy(1, false) && space >= 0;
        return text.with((wholeWords ? cut.substring(0, space) : cut) + end.value());
    }

    private static Value format(Value input, Arguments arguments, Budget budget) {
        if (!arguments.positional().isEmpty() && !arguments.named().isEmpty()) {
            throw new PythonError("can't handle positional and keyword arguments at the same time");
        }
        Value values = new TupleValue(arguments.positional());
        if (!arguments.named().isEmpty()) {
            var named = new DictValue();
            arguments.named().forEach(named::put);
            values = named;
        }
        Text format = text(input, budget);
        return format.with(PrintfFormat.format(format.value(), values, budget));
    }

    private static Value escape(Value input, Arguments arguments, Budget budget) {
        arguments.inOrder("escape", 0, 0);
        return new Text(Html.escaped(text(input, budget)), true);
    }

    private static Value json(Value input, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.byName("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        String indent = null;
        if (bound.meant(1)) {
            int width = bound.get(1) instanceof Text ? 0 : Math.max(0, bound.number(1, 0));
            budget.checkSize(width);
            indent = bound.get(1) instanceof Text text ? text.value() : " ".repeat(width);
        }
        String itemSeparator = indent == null ? ", " : ",";
        String keySeparator = ": ";
        if (bound.meant(2)) {
            List<Value> separators = SequenceFilters.items(bound.get(2), budget);
            if (separators.size() != 2
                    || !(separators.get(0) instanceof Text item)
                    || !(separators.get(1) instanceof Text key)) {
                throw new PythonError("separators must be two texts");
            }
            itemSeparator = item.value();
            keySeparator = key.value();
        }
        var style = new Json.Style(bound.truthy(0, false), indent, itemSeparator, keySeparator, bound.truthy(3, false));
        return Text.of(Json.dump(input, style, budget));
    }
}
