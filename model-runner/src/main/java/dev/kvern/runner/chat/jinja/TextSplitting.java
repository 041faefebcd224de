package dev.kvern.runner.chat.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Methods of Python's {@code str} that cut it into pieces. */
final class TextSplitting {
    private TextSplitting() {}

    static Value split(Text self, Arguments arguments, boolean fromEnd, Budget budget) {
        Arguments.Bound bound = arguments.byName("split", 0, "sep", "maxsplit");
        int most = bound.number(1, -1);
        if (!bound.meant(0)) {
            return list(self, atSpaces(self.value(), most, fromEnd, budget));
        }
        String separator = bound.text(0);
        if (separator.isEmpty()) {
            throw new PythonError("empty separator");
        }
        budget.chargeSearch(self.value().length(), separator.length());
        return list(
                self,
                fromEnd
                        ? atLast(self.value(), separator, most, budget)
                        : atFirst(self.value(), separator, most, budget));
    }

    private static ListValue list(Text self, List<String> pieces) {
        return new ListValue(
                pieces.stream().map(piece -> (Value) self.with(piece)).toList());
    }

    private static List<String> atFirst(String text, String separator, int most, Budget budget) {
        var pieces = new ArrayList<String>();
        int start = 0;
        for (int left = most; left != 0; left--) {
            int end = text.indexOf(separator, start);
            if (end < 0) {
                break;
            }
            budget.checkNext(pieces.size());
            pieces.add(text.substring(start, end));
            start = end + separator.length();
        }
        pieces.add(text.substring(start));
        return pieces;
    }

    private static List<String> atLast(String text, String separator, int most, Budget budget) {
        var pieces = new ArrayList<String>();
        int end = text.length();
        for (int left = most; left != 0; left--) {
            int start = text.lastIndexOf(separator, end - separator.length());
            if (start < 0 || end < separator.length()) {
                break;
            }
            budget.checkNext(pieces.size());
            pieces.add(text.substring(start + separator.length(), end));
            end = start;
        }
        pieces.add(text.substring(0, end));
        Collections.reverse(pieces);
        return pieces;
    }

    /** At runs of white space, of which none is kept but in the piece that is left over. */
    private static List<String> atSpaces(String text, int most, boolean fromEnd, Budget budget) {
        var pieces = new ArrayList<String>();
        if (fromEnd) {
            int end = skip(text, text.length(), -1, true);
            for (int left = most; left != 0 && end > 0; left--) {
                int cut = skip(text, end, -1, false);
                budget.checkNext(pieces.size());
                pieces.add(text.substring(cut, end));
                end = skip(text, cut, -1, true);
            }
            if (end > 0) {
                pieces.add(text.substring(0, end));
            }
            Collections.reverse(pieces);
            return pieces;
        }
        int start = skip(text, 0, 1, true);
        for (int left = most; left != 0 && start < text.length(); left--) {
            int cut = skip(text, start, 1, false);
            budget.checkNext(pieces.size());
            pieces.add(text.substring(start, cut));
            start = skip(text, cut, 1, true);
        }
        if (start < text.length()) {
            pieces.add(text.substring(start));
        }
        return pieces;
    }

    /** From a place between characters, over those that are white space or are not. */
    private static int skip(String text, int from, int direction, boolean spaces) {
        int at = from;
        while (direction > 0
                ? at < text.length() && Characters.isSpace(text.charAt(at)) == spaces
                : at > 0 && Characters.isSpace(text.charAt(at - 1)) == spaces) {
            at += direction;
        }
        return at;
    }

    static Value lines(Text self, Arguments arguments, Budget budget) {
        boolean keepEnds = arguments.byName("splitlines", 0, "keepends").truthy(0, false);
        budget.checkCount(
                self.value().codePoints().filter(Characters::isLineBreak).count());
        return list(self, Characters.lines(self.value(), keepEnds));
    }

    static Value partition(Text self, Arguments arguments, boolean fromEnd, Budget budget) {
        String separator = arguments.inOrder("partition", 1, 1).text(0);
        if (separator.isEmpty()) {
            throw new PythonError("empty separator");
        }
        String text = self.value();
        budget.chargeSearch(text.length(), separator.length());
        int at = fromEnd ? text.lastIndexOf(separator) : text.indexOf(separator);
        Text empty = self.with("");
        if (at < 0) {
            return fromEnd ? TupleValue.of(empty, empty, self) : TupleValue.of(self, empty, empty);
        }
        return TupleValue.of(
                self.with(text.substring(0, at)),
                self.with(separator),
                self.with(text.substring(at + separator.length())));
    }
}
