package dev.kvern.launcher;

import java.security.Security;

/**
 * How long this process goes by what a name stood for: the names of members change their addresses when processes come and go, and
 * by default the JVM and gRPC would look no more than every 30 seconds, and every 10 seconds for a name that had no address.
 * Stateless.
 */
final class NameCache {
    private static final String SECONDS = "1";
    private static final String POSITIVE = "networkaddress.cache.ttl";
    private static final String NEGATIVE = "networkaddress.cache.negative.ttl";

    private NameCache() {}

    /**
     * To be called before the first look-up, which fixes the JVM's times. Not by flags: for names without an address the JDK's
     * java.security file has a time, which a system property does not change.
     */
    static void keepShort() {
        Security.setProperty(POSITIVE, SECONDS);
        Security.setProperty(NEGATIVE, "0");
        // What gRPC goes by, as each channel has a cache of its own.
        System.setProperty(POSITIVE, SECONDS);
    }
}
