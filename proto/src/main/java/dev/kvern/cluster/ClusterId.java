package dev.kvern.cluster;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Which cluster a process is of. Members say so with each call to a coordinator, and one of another cluster refuses them: addresses
 * are given away anew, and a member that goes on talking to where its coordinator was could end up in a cluster of strangers. Who
 * names none is of any. Immutable.
 *
 * @param value a name of visible ASCII characters, or empty for none
 */
public record ClusterId(String value) {
    public static final ClusterId NONE = new ClusterId("");

    private static final int MAX_LENGTH = 256;
    private static final Metadata.Key<String> HEADER =
            Metadata.Key.of("kvern-cluster-id", Metadata.ASCII_STRING_MARSHALLER);

    public ClusterId {
        if (!isValid(value)) {
            throw KvernException.invalid("cluster_id", "'" + value + "'", expected());
        }
    }

    /** Whether it can be one. */
    public static boolean isValid(String value) {
        return value.length() <= MAX_LENGTH && value.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    /** What can be one, for people. */
    public static String expected() {
        return "at most " + MAX_LENGTH + " visible ASCII characters, or '' for none";
    }

    /** Says it with each call. */
    ClientInterceptor said() {
        return new ClientInterceptor() {
            @Override
            public <Q, R> ClientCall<Q, R> interceptCall(
                    MethodDescriptor<Q, R> method, CallOptions options, Channel channel) {
                return new SimpleForwardingClientCall<>(channel.newCall(method, options)) {
                    @Override
                    public void start(Listener<R> responses, Metadata headers) {
                        if (!value.isEmpty()) {
                            headers.put(HEADER, value);
                        }
                        super.start(responses, headers);
                    }
                };
            }
        };
    }

    /** Refuses, as MISCONFIGURED, calls of those that say another one. */
    public ServerInterceptor expectedOfCallers() {
        return new ServerInterceptor() {
            @Override
            public <Q, R> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                String theirs = headers.get(HEADER);
                if (theirs != null && !value.isEmpty() && !theirs.equals(value)) {
                    throw new KvernException(
                            ErrorReason.MISCONFIGURED,
                            "cluster_id: '" + theirs + "' (expected: '" + value
                                    + "', which this coordinator's cluster is; or neither)");
                }
                return next.startCall(call, headers);
            }
        };
    }
}
