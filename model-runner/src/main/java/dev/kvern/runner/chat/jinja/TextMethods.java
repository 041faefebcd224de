package dev.kvern.runner.chat.jinja;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Methods of Python's {@code str}. */
final class TextMethods {
    private interface Implementation {
        Value call(Text self, Arguments arguments, Budget budget);
    }

    private static final Map<String, Implementation> ALL = new HashMap<>();

    static {
        ALL.put("strip", (self, arguments, budget) -> strip(self, arguments, true, true));
        ALL.put("lstrip", (self, arguments, budget) -> strip(self, arguments, true, false));
        ALL.put("rstrip", (self, arguments, budget) -> strip(self, arguments, false, true));
        ALL.put("split", (self, arguments, budget) -> TextSplitting.split(self, arguments, false, budget));
        ALL.put("rsplit", (self, arguments, budget) -> TextSplitting.split(self, arguments, true, budget));
        ALL.put("splitlines", (self, arguments, budget) -> TextSplitting.lines(self, arguments, budget));
        ALL.put("partition", (self, arguments, budget) -> TextSplitting.partition(self, arguments, false, budget));
        ALL.put("rpartition", (self, arguments, budget) -> TextSplitting.partition(self, arguments, true, budget));
        ALL.put("startswith", (self, arguments, budget) -> TextSearch.starts(self.value(), arguments));
        ALL.put("endswith", (self, arguments, budget) -> TextSearch.ends(self.value(), arguments));
        ALL.put("find", (self, arguments, budget) -> TextSearch.find(self.value(), arguments, "find", budget));
        ALL.put("rfind", (self, arguments, budget) -> TextSearch.find(self.value(), arguments, "rfind", budget));
        ALL.put("index", (self, arguments, budget) -> TextSearch.find(self.value(), arguments, "index", budget));
        ALL.put("rindex", (self, arguments, budget) -> TextSearch.find(self.value(), arguments, "rindex", budget));
        ALL.put("count", (self, arguments, budget) -> TextSearch.count(self.value(), arguments, budget));
        ALL.put("replace", TextMethods::replace);
        ALL.put("removeprefix", (self, arguments, budget) -> removeAffix(self, arguments, true));
        ALL.put("removesuffix", (self, arguments, budget) -> removeAffix(self, arguments, false));
        ALL.put("join", TextMethods::join);
        ALL.put("format", (self, arguments, budget) -> self.with(BraceFormat.format(self.value(), arguments, budget)));
        ALL.put("center", (self, arguments, budget) -> pad(self, arguments, "center", budget));
        ALL.put("ljust", (self, arguments, budget) -> pad(self, arguments, "ljust", budget));
        ALL.put("rjust", (self, arguments, budget) -> pad(self, arguments, "rjust", budget));
        ALL.put("zfill", TextMethods::zeroFill);
        ALL.put("expandtabs", TextMethods::expandTabs);
        ALL.put("upper", (self, arguments, budget) -> cased(self, arguments, TextCase.upper(self.value())));
        ALL.put("lower", (self, arguments, budget) -> cased(self, arguments, TextCase.lower(self.value())));
        ALL.put("casefold", (self, arguments, budget) -> cased(self, arguments, TextCase.fold(self.value())));
        ALL.put("title", (self, arguments, budget) -> cased(self, arguments, TextCase.title(self.value())));
        ALL.put("capitalize", (self, arguments, budget) -> cased(self, arguments, TextCase.capital(self.value())));
        ALL.put("swapcase", (self, arguments, budget) -> cased(self, arguments, TextCase.swapped(self.value())));
        test("isspace", Characters::isSpace);
        test("isalpha", Characters::isAlphabetic);
        test("isalnum", c -> Characters.isAlphabetic(c) || Characters.isNumeric(c));
        test("isdecimal", Characters::isDecimal);
        test("isdigit", Characters::isDigit);
        test("isnumeric", Characters::isNumeric);
        ALL.put(
                "isascii",
                (self, arguments, budget) -> Bool.of(self.value().chars().allMatch(c -> c < 0x80)));
        ALL.put(
                "isprintable",
                (self, arguments, budget) -> Bool.of(self.value().codePoints().allMatch(Characters::isPrintable)));
        ALL.put("isidentifier", (self, arguments, budget) -> Bool.of(isIdentifier(self.value())));
        ALL.put("islower", (self, arguments, budget) -> Bool.of(TextCase.isLower(self.value())));
        ALL.put("isupper", (self, arguments, budget) -> Bool.of(TextCase.isUpper(self.value())));
        ALL.put("istitle", (self, arguments, budget) -> Bool.of(TextCase.isTitle(self.value())));
    }

    private TextMethods() {}

    private static void test(String name, IntPredicate is) {
        ALL.put(name, (self, arguments, budget) -> {
            arguments.inOrder(name, 0, 0);
            return Bool.of(Characters.all(self.value(), is));
        });
    }

    static @Nullable Value find(Text self, String name) {
        Implementation method = ALL.get(name);
        return method == null
                ? null
                : new Method(self, name, (arguments, budget) -> method.call(self, arguments, budget));
    }

    private static boolean isIdentifier(String text) {
        return !text.isEmpty()
                && Characters.isIdentifierStart(text.codePointAt(0))
                && Characters.all(text, Characters::isIdentifierPart);
    }

    private static Value strip(Text self, Arguments arguments, boolean start, boolean end) {
        Arguments.Bound bound = arguments.inOrder("strip", 0, 1);
        return self.with(strip(self.value(), bound.meant(0) ? bound.text(0) : null, start, end));
    }

    /** @param characters to remove; null for white space */
    static String strip(String text, @Nullable String characters, boolean start, boolean end) {
        IntPredicate strips = characters == null ? Characters::isSpace : c -> characters.indexOf(c) >= 0;
        String stripped = start ? Characters.stripStart(text, strips) : text;
        return end ? Characters.stripEnd(stripped, strips) : stripped;
    }

    private static Value cased(Text self, Arguments arguments, String changed) {
        arguments.inOrder("str method", 0, 0);
        return self.with(changed);
    }

    private static Value replace(Text self, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.inOrder("replace", 2, 3);
        String replacement = self.safe() ? Html.escape(bound.text(1)) : bound.text(1);
        return self.with(replace(self.value(), bound.text(0), replacement, bound.number(2, -1), budget));
    }

    /** @param most negative for all */
    static String replace(String text, String old, String replacement, int most, Budget budget) {
        if (most == 0) {
            return text;
        }
        budget.chargeSearch(text.length(), old.length());
        var out = new TextBuilder(budget);
        int left = most;
        if (old.isEmpty()) {
            // Between all characters, and at both ends.
            out.append(replacement);
            for (int i = 0; i < text.length() && --left != 0; ) {
                String character = Character.toString(text.codePointAt(i));
                out.append(character).append(replacement);
                i += character.length();
                if (left == 1) {
                    return out.append(text.substring(i)).toString();
                }
            }
            return most == 1 ? out.append(text).toString() : out.toString();
        }
        int at = 0;
        for (int found = text.indexOf(old); found >= 0 && left != 0; found = text.indexOf(old, at), left--) {
            out.append(text.substring(at, found)).append(replacement);
            at = found + old.length();
        }
        return out.append(text.substring(at)).toString();
    }

    private static Value removeAffix(Text self, Arguments arguments, boolean prefix) {
        String affix = arguments.inOrder("removeprefix", 1, 1).text(0);
        String text = self.value();
        if (prefix) {
            return self.with(text.startsWith(affix) ? text.substring(affix.length()) : text);
        }
        return self.with(text.endsWith(affix) ? text.substring(0, text.length() - affix.length()) : text);
    }

    private static Value join(Text self, Arguments arguments, Budget budget) {
        Value items = arguments.inOrder("join", 1, 1).get(0);
        var out = new TextBuilder(budget);
        String separator = "";
        for (Iterator<Value> it = items.iterator(); it.hasNext(); ) {
            if (!(it.next() instanceof Text text)) {
                throw new PythonError("sequence item: expected str instance");
            }
            out.append(separator).append(text.value());
            separator = self.value();
        }
        return self.with(out.toString());
    }

    private static Value pad(Text self, Arguments arguments, String method, Budget budget) {
        Arguments.Bound bound = arguments.inOrder(method, 1, 2);
        String fill = bound.given(1) ? bound.text(1) : " ";
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw new PythonError("The fill character must be exactly one character long");
        }
        return self.with(pad(self, bound.number(0, 0), fill, method, budget));
    }

    static String pad(Text self, int width, String fill, String method, Budget budget) {
        int missing = Math.max(0, width - self.length());
        budget.checkSize((long) missing * fill.length());
        int before = switch (method) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            // Which side gets the odd one depends, in CPython, on the width.
            default -> missing / 2 + (missing & width & 1);
        };
        return fill.repeat(before) + self.value() + fill.repeat(missing - before);
    }

    private static Value zeroFill(Text self, Arguments arguments, Budget budget) {
        int missing = Math.max(0, arguments.inOrder("zfill", 1, 1).number(0, 0) - self.length());
        budget.checkSize(missing);
        boolean signed = self.value().startsWith("-") || self.value().startsWith("+");
        String sign = signed ? self.value().substring(0, 1) : "";
        return self.with(sign + "0".repeat(missing) + self.value().substring(sign.length()));
    }

    private static Value expandTabs(Text self, Arguments arguments, Budget budget) {
        int size = Math.max(0, arguments.byName("expandtabs", 0, "tabsize").number(0, 8));
        var out = new TextBuilder(budget);
        int column = 0;
        for (int c : (Iterable<Integer>) self.value().codePoints()::iterator) {
            if (c == '\t') {
                int spaces = size == 0 ? 0 : size - column % size;
                budget.checkSize(spaces);
                out.append(" ".repeat(spaces));
                column += spaces;
            } else {
                out.append(Character.toString(c));
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return self.with(out.toString());
    }
}
