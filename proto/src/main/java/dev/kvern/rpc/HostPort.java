package dev.kvern.rpc;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Addresses as people and channels write them: {@code HOST:PORT}, an IPv6 address in brackets. */
public final class HostPort {
    private static final Pattern FORM = Pattern.compile("([^\\s:\\[\\]/]+|\\[[0-9a-fA-F:.]+(?:%\\w+)?]):(\\d{1,5})");
    private static final int MAX_PORT = 65_535;

    private HostPort() {}

    /** Whether a text is such an address, with a port that can be connected to. */
    public static boolean isValid(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            return false;
        }
        int port = Integer.parseInt(matcher.group(2));
        return port >= 1 && port <= MAX_PORT;
    }

    /** Whether a text is one such address, or several with a comma between each two. */
    public static boolean areValid(String text) {
        return list(text).stream().allMatch(HostPort::isValid);
    }

    /** The parts of a text of one or several addresses. */
    public static List<String> list(String text) {
        return Stream.of(text.split(",", -1)).map(String::strip).toList();
    }

    /** The host of an address, an IPv6 address without its brackets. */
    public static String host(String address) {
        String host = matched(address).group(1);
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    /** The port of an address. */
    public static int port(String address) {
        return Integer.parseInt(matched(address).group(2));
    }

    private static Matcher matched(String address) {
        Matcher matcher = FORM.matcher(address);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("address: '" + address + "' (expected: HOST:PORT)");
        }
        return matcher;
    }

    /** Puts an address together. */
    public static String of(String host, int port) {
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
        return (bare ? "[" + host + "]" : host) + ":" + port;
    }

    /** Whether a host to listen at stands for all of the machine's addresses: nobody elsewhere can connect to it. */
    public static boolean isWildcard(String host) {
        return host.equals("0.0.0.0") || host.equals("::") || host.equals("[::]");
    }
}
