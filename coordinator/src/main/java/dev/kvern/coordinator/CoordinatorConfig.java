package dev.kvern.coordinator;

import dev.kvern.cluster.ClusterId;
import dev.kvern.config.ConfigLoader;
import dev.kvern.config.Problems;
import dev.kvern.config.Validated;
import dev.kvern.coordinator.front.FrontLimits;
import dev.kvern.coordinator.http.PagePassword;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.coordinator.routing.RoutePolicy;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.telemetry.TelemetryConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The coordinator's configuration; coordinator-defaults.yaml beside this record says what each key means. */
public record CoordinatorConfig(
        String clusterId,
        Listen listen,
        Members membership,
        Routing routing,
        Dashboard dashboard,
        Limits limits,
        Api api,
        Shutdown shutdown,
        TelemetryConfig telemetry)
        implements Validated {
    private static final int MAX_PORT = 65_535;
    private static final int MAX_MILLIS = 3_600_000;
    private static final int NAMED_BLOCKS = 256;
    private static final String LONGEST_PREFIX = "longest_prefix";
    private static final String ROUND_ROBIN = "round_robin";
    private static final Pattern ORIGIN = Pattern.compile("https?://[A-Za-z0-9.-]+(:\\d{1,5})?");

    /** Where the servers listen. */
    public record Listen(String host, int grpcPort, int httpPort) {}

    /** Who is a member, and for how long. */
    public record Members(
            int heartbeatMillis, int leaseMillis, int forgetMillis, int maxMembers, int settleMillis, int quietMillis) {
        MembershipLimits toLimits() {
            return new MembershipLimits(
                    heartbeatMillis, leaseMillis, forgetMillis, maxMembers, settleMillis, quietMillis);
        }
    }

    /** Where requests go. */
    public record Routing(String policy, int requestTokens, int attempts, int tokenizeTimeoutMillis, long indexBlocks) {
        RoutePolicy toPolicy() {
            return policy.equals(ROUND_ROBIN) ? RoutePolicy.roundRobin() : RoutePolicy.longestPrefix(requestTokens);
        }
    }

    /** The page. */
    public record Dashboard(boolean promptText, boolean playground, String passwordFile) {
        Optional<PagePassword> password() {
            return passwordFile.isEmpty() ? Optional.empty() : Optional.of(PagePassword.read(Path.of(passwordFile)));
        }
    }

    /** Bounds. */
    public record Limits(int maxCalls, long callBytes, int requestLog) {}

    /** The HTTP API. */
    public record Api(String keysFile, List<String> corsOrigins) {
        public Api {
            corsOrigins = List.copyOf(corsOrigins);
        }
    }

    /** What happens on SIGTERM. */
    public record Shutdown(int delayMillis, int graceMillis) {}

    public static ConfigLoader<CoordinatorConfig> loader() {
        return new ConfigLoader<>(CoordinatorConfig.class, "coordinator-defaults.yaml");
    }

    FrontLimits frontLimits() {
        return new FrontLimits(
                limits.maxCalls,
                limits.callBytes,
                routing.attempts,
                routing.tokenizeTimeoutMillis,
                NAMED_BLOCKS,
                dashboard.promptText);
    }

    /** Whether prompts can be sent from the page: not past the keys that others need, unless a password guards the page. */
    boolean playground() {
        return dashboard.playground && (api.keysFile.isEmpty() || !dashboard.passwordFile.isEmpty());
    }

    @Override
    public void validate(Problems problems) {
        problems.check(ClusterId.isValid(clusterId), "cluster_id", "'" + clusterId + "'", ClusterId.expected());
        problems.check(!listen.host.isBlank(), "listen.host", "''", "an address of this machine");
        problems.range("listen.grpc_port", listen.grpcPort, 0, MAX_PORT);
        problems.range("listen.http_port", listen.httpPort, 0, MAX_PORT);
        problems.check(
                listen.grpcPort != listen.httpPort || listen.grpcPort == 0,
                "listen.http_port",
                listen.httpPort,
                "another port than listen.grpc_port");
        problems.range("membership.heartbeat_millis", membership.heartbeatMillis, 50, MAX_MILLIS);
        problems.range("membership.lease_millis", membership.leaseMillis, 2L * membership.heartbeatMillis, MAX_MILLIS);
        problems.range("membership.forget_millis", membership.forgetMillis, membership.leaseMillis, Integer.MAX_VALUE);
        problems.range("membership.max_members", membership.maxMembers, 1, 1_000_000);
        problems.range("membership.settle_millis", membership.settleMillis, 0, MAX_MILLIS);
        problems.range("membership.quiet_millis", membership.quietMillis, 0, MAX_MILLIS);
        problems.check(
                List.of(LONGEST_PREFIX, ROUND_ROBIN).contains(routing.policy),
                "routing.policy",
                "'" + routing.policy + "'",
                LONGEST_PREFIX + " or " + ROUND_ROBIN);
        problems.range("routing.request_tokens", routing.requestTokens, 0, 1_000_000);
        problems.range("routing.attempts", routing.attempts, 1, 100);
        problems.range("routing.tokenize_timeout_millis", routing.tokenizeTimeoutMillis, 1, MAX_MILLIS);
        problems.range("routing.index_blocks", routing.indexBlocks, 0, 1L << 40);
        problems.range("limits.max_calls", limits.maxCalls, 1, 1_000_000);
        problems.range("limits.call_bytes", limits.callBytes, GrpcServer.MAX_MESSAGE_BYTES, 1L << 50);
        problems.range("limits.request_log", limits.requestLog, 1, 1_000_000);
        problems.range("shutdown.delay_millis", shutdown.delayMillis, 0, MAX_MILLIS);
        problems.range("shutdown.grace_millis", shutdown.graceMillis, 0, MAX_MILLIS);
        telemetry.validate(problems);
        problems.check(
                api.keysFile.isEmpty() || Files.isRegularFile(Path.of(api.keysFile)),
                "api.keys_file",
                "'" + api.keysFile + "'",
                "an existing file, or '' for none");
        for (String origin : api.corsOrigins) {
            problems.check(
                    origin.equals("*") || ORIGIN.matcher(origin).matches(),
                    "api.cors_origins",
                    "'" + origin + "'",
                    "'*' or an origin such as https://chat.example.org");
        }
    }
}
