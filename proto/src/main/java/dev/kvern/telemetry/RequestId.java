package dev.kvern.telemetry;

import io.grpc.Context;
import io.grpc.Metadata;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * The name of the request that work is done for. It is part of gRPC's context, in which calls and all that they hear run, and goes
 * to other processes as the header {@code x-request-id}. Safe for use by several threads.
 */
public final class RequestId {
    /** In the headers of a call that is made for a request, and in the trailers of one that failed. */
    public static final Metadata.Key<String> HEADER = Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

    /** The field of log lines. */
    public static final String LOG_FIELD = "request_id";

    /** Most characters of a name. */
    public static final int MAX_LENGTH = 256;

    private static final Context.Key<RequestId> KEY = Context.key("kvern-request-id");

    /** Empty until the request has a name. */
    private volatile String text;

    private RequestId(String text) {
        this.text = text;
    }

    /** The context of work for a request of this name. */
    public static Context in(Context context, String id) {
        return context.withValue(KEY, new RequestId(printable(id)));
    }

    /** The name in a context; empty if what is done there is done for no request. */
    public static String of(Context context) {
        @Nullable RequestId id = KEY.get(context);
        return id == null ? "" : id.text;
    }

    /**
     * Names the call that is being served: as the request itself says, else as the caller's header does, else anew.
     *
     * @param given empty if the request does not say
     * @return the name, as headers and log lines can have it: cut to {@link #MAX_LENGTH}, other characters than visible ASCII
     *     replaced
     */
    public static String settle(String given) {
        @Nullable RequestId call = KEY.get();
        String said = given.isEmpty() && call != null ? call.text : given;
        String id = said.isEmpty() ? UUID.randomUUID().toString() : printable(said);
        if (call != null) {
            call.text = id;
            MDC.put(LOG_FIELD, id);
        }
        return id;
    }

    /** Whether a text can name a request as it is. */
    public static boolean isValid(String id) {
        return !id.isEmpty() && id.equals(printable(id));
    }

    /** As headers and log lines can have it: whoever names a request must not be able to forge a line. */
    private static String printable(String id) {
        String text = id.length() > MAX_LENGTH ? id.substring(0, MAX_LENGTH) : id;
        return text.chars().allMatch(RequestId::isPrintable)
                ? text
                : text.chars()
                        .map(c -> isPrintable(c) ? c : '?')
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
    }

    private static boolean isPrintable(int c) {
        return c > ' ' && c < 0x7f;
    }
}
