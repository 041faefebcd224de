package dev.kvern.runner.chat.jinja;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** Python's {@code datetime.strftime} of a local time without a zone, in the C locale with glibc's additions. */
final class Strftime {
    private final LocalDateTime time;

    private Strftime(LocalDateTime time) {
        this.time = time;
    }

    static String format(LocalDateTime time, String format) {
        return new Strftime(time).format(format);
    }

    private String format(String format) {
        var out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            char directive = format.charAt(++i);
            boolean flagged = (directive == '-' || directive == '_' || directive == '^') && i + 1 < format.length();
            if (flagged) {
                char flag = directive;
                directive = format.charAt(++i);
                out.append(flagged(flag, written(directive)));
            } else {
                out.append(written(directive));
            }
        }
        return out.toString();
    }

    private static String flagged(char flag, String text) {
        if (flag == '^') {
            return text.toUpperCase(Locale.ROOT);
        }
        int zeros = 0;
        while (zeros < text.length() - 1 && text.charAt(zeros) == '0') {
            zeros++;
        }
        return (flag == '_' ? " ".repeat(zeros) : "") + text.substring(zeros).strip();
    }

    private String written(char directive) {
        return switch (directive) {
            case 'a' -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' ->
                DateTimeFormatter.ofPattern("MMM", Locale.ROOT)
                        .withLocale(Locale.US)
                        .format(time);
            case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'c' -> format("%a %b %e %H:%M:%S %Y");
            case 'C' -> two(time.getYear() / 100);
            case 'd' -> two(time.getDayOfMonth());
            case 'D', 'x' -> format("%m/%d/%y");
            case 'e' -> String.format("%2d", time.getDayOfMonth());
            case 'f' -> String.format("%06d", time.getNano() / 1000);
            case 'F' -> format("%Y-%m-%d");
            case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'H' -> two(time.getHour());
            case 'I' -> two(time.get(ChronoField.CLOCK_HOUR_OF_AMPM));
            case 'j' -> String.format("%03d", time.getDayOfYear());
            case 'k' -> String.format("%2d", time.getHour());
            case 'l' -> String.format("%2d", time.get(ChronoField.CLOCK_HOUR_OF_AMPM));
            case 'm' -> two(time.getMonthValue());
            case 'M' -> two(time.getMinute());
            case 'n' -> "\n";
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 'r' -> format("%I:%M:%S %p");
            case 'R' -> format("%H:%M");
            case 'S' -> two(time.getSecond());
            case 't' -> "\t";
            case 'T', 'X' -> format("%H:%M:%S");
            case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
            case 'U' -> two((time.getDayOfYear() + 6 - time.getDayOfWeek().getValue() % 7) / 7);
            case 'V' -> two(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'w' -> String.valueOf(time.getDayOfWeek().getValue() % 7);
            case 'W' -> two((time.getDayOfYear() + 7 - time.getDayOfWeek().getValue()) / 7);
            case 'y' -> two(time.getYear() % 100);
            case 'Y' -> String.valueOf(time.getYear());
            case 'z', 'Z' -> "";
            case '%' -> "%";
            default -> "%" + directive;
        };
    }

    private static String two(int number) {
        return String.format("%02d", number);
    }
}
