package dev.kvern.coordinator.openai;

import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The name of a request: in logs, in the answer's id, and in the header {@value #HEADER} of whatever it is answered with. */
final class RequestId {
    static final String HEADER = "x-request-id";

    private static final Pattern SANE = Pattern.compile("[!-~]{1,128}");

    private RequestId() {}

    /** The caller's, if it can be used, or a new one. */
    static String of(@Nullable String given) {
        return given != null && SANE.matcher(given).matches()
                ? given
                : UUID.randomUUID().toString().replace("-", "");
    }
}
