package dev.kvern.runner.chat.jinja;

import java.util.List;
import java.util.function.Predicate;

/** Methods of Python's {@code str} that look for another; positions count code points. */
final class TextSearch {
    private TextSearch() {}

    static Value starts(String text, Arguments arguments) {
        Arguments.Bound bound = arguments.inOrder("startswith", 1, 3);
        return affix(
                bound, prefix -> !isInverted(text, bound) && window(text, bound).startsWith(prefix), "startswith");
    }

    static Value ends(String text, Arguments arguments) {
        Arguments.Bound bound = arguments.inOrder("endswith", 1, 3);
        return affix(
                bound, suffix -> !isInverted(text, bound) && window(text, bound).endsWith(suffix), "endswith");
    }

    private static Value affix(Arguments.Bound bound, Predicate<String> has, String function) {
        List<Value> affixes = bound.get(0) instanceof TupleValue several ? several.items() : List.of(bound.get(0));
        for (Value affix : affixes) {
            if (!(affix instanceof Text text)) {
                throw new PythonError(function + " first arg must be str or a tuple of str, not " + affix.typeName());
            }
            if (has.test(text.value())) {
                return Bool.TRUE;
            }
        }
        return Bool.FALSE;
    }

    static Value find(String text, Arguments arguments, String function, Budget budget) {
        Arguments.Bound bound = arguments.inOrder(function, 1, 3);
        String sought = bound.text(0);
        budget.chargeSearch(text.length(), sought.length());
        String window = window(text, bound);
        boolean last = function.startsWith("r");
        int found = isInverted(text, bound) ? -1 : last ? window.lastIndexOf(sought) : window.indexOf(sought);
        if (found < 0) {
            if (function.endsWith("index")) {
                throw new PythonError("substring not found");
            }
            return Int.of(-1);
        }
        return Int.of((long) from(text, bound) + window.codePointCount(0, found));
    }

    static Value count(String text, Arguments arguments, Budget budget) {
        Arguments.Bound bound = arguments.inOrder("count", 1, 3);
        String sought = bound.text(0);
        budget.chargeSearch(text.length(), sought.length());
        String window = window(text, bound);
        if (sought.isEmpty()) {
            return Int.of(isInverted(text, bound) ? 0 : window.codePointCount(0, window.length()) + 1L);
        }
        long count = 0;
        for (int at = window.indexOf(sought); at >= 0; at = window.indexOf(sought, at + sought.length())) {
            count++;
        }
        return Int.of(count);
    }

    private static int from(String text, Arguments.Bound bound) {
        return limit(bound.meant(1) ? bound.number(1, 0) : 0, length(text), Integer.MAX_VALUE);
    }

    private static int to(String text, Arguments.Bound bound) {
        int length = length(text);
        return bound.meant(2) ? limit(bound.number(2, 0), length, length) : length;
    }

    private static int limit(int index, int length, int most) {
        return Math.min(most, index < 0 ? Math.max(0, index + length) : index);
    }

    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** Python finds not even the empty text where the start lies behind the end. */
    private static boolean isInverted(String text, Arguments.Bound bound) {
        return from(text, bound) > to(text, bound);
    }

    private static String window(String text, Arguments.Bound bound) {
        if (!bound.meant(1) && !bound.meant(2)) {
            return text;
        }
        int from = from(text, bound);
        int to = to(text, bound);
        if (from > to) {
            return "";
        }
        int start = text.offsetByCodePoints(0, from);
        return text.substring(start, text.offsetByCodePoints(start, to - from));
    }
}
