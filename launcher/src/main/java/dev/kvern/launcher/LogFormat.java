package dev.kvern.launcher;

import dev.kvern.process.ProcessNames;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.LoggerFactory;

/**
 * Where, how and how much is logged: standard error; lines for people or JSON, as KVERN_LOG_FORMAT says; warnings of others, and of
 * ours what KVERN_LOG says.
 */
final class LogFormat {
    /** System properties that log lines name the process by. */
    static final String ROLE = "kvern.role";

    static final String ID = "kvern.id";

    private static final String FORMAT = "kvern.log.format";
    private static final String JSON = "json";
    private static final List<String> FORMATS = List.of("plain", JSON);

    private LogFormat() {}

    /**
     * Before any class that logs is loaded.
     *
     * @throws UsageException if the environment asks for a format that there is not
     */
    static void choose(Map<String, String> environment, String command) {
        String format = environment.getOrDefault("KVERN_LOG_FORMAT", FORMATS.get(0));
        if (!FORMATS.contains(format)) {
            throw new UsageException("KVERN_LOG_FORMAT: '" + format + "' (expected: plain or json)");
        }
        String level = environment.getOrDefault("KVERN_LOG", "info").toUpperCase(Locale.ROOT);
        System.setProperty("kvern.log", level);
        System.setProperty(ROLE, command);
        // DJL reaches for the network and reports usage unless told not to.
        System.setProperty("OPT_OUT_TRACKING", "true");
        // The JDK's own loggers, which gRPC and picocli write to, say what slf4j's would say again.
        System.setProperty("java.util.logging.config.class", QuietJdkLogging.class.getName());
        System.setProperty(FORMAT, format);
        if (format.equals(JSON)) {
            Thread.setDefaultUncaughtExceptionHandler((thread, failure) ->
                    LoggerFactory.getLogger(LogFormat.class).error("{} ended by a defect", thread.getName(), failure));
        }
    }

    static boolean isJson() {
        return JSON.equals(System.getProperty(FORMAT));
    }

    /** Names the process in what is logged from now on. */
    static void identify(String role, String configuredId) {
        System.setProperty(ID, configuredId.isEmpty() ? ProcessNames.memberId(role) : configuredId);
    }
}
