package dev.kvern.launcher;

import java.util.Locale;

/** Where and how much is logged: standard error, warnings of others, and of ours what KVERN_LOG says. */
final class LogFormat {
    private LogFormat() {}

    static void choose() {
        String level = System.getenv().getOrDefault("KVERN_LOG", "info").toUpperCase(Locale.ROOT);
        System.setProperty("kvern.log", level);
        // DJL reaches for the network and reports usage unless told not to.
        System.setProperty("OPT_OUT_TRACKING", "true");
        // The JDK's own loggers, which gRPC and picocli write to, say what slf4j's would say again.
        System.setProperty("java.util.logging.config.class", QuietJdkLogging.class.getName());
    }
}
