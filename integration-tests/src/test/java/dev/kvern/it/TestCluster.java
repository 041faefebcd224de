package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.NamespaceId;
import dev.kvern.launcher.process.FreePorts;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Coordinators, cache nodes and model-runners, each a process of its own on free loopback ports, as the kvern script would
 * start them. They have names: coordinator, and coordinator-b if there are two; node-a, node-b, runner-a, runner-b. Confined to a
 * thread.
 */
final class TestCluster implements AutoCloseable {
    static final String COORDINATOR = "coordinator";

    /** The second one, where there is one. */
    static final String OTHER_COORDINATOR = "coordinator-b";

    /** Tokens in a chunk of the cache tier. */
    static final int CHUNK_TOKENS = 64;

    /**
     * Where tests say what is fetched and stored: on a busy machine nothing of that is to fail for lack of time, or to be computed
     * because that has been faster lately.
     */
    static final List<String> PATIENT_RUNNER = List.of(
            "tier.match_timeout_millis=60000",
            "tier.fetch_timeout_millis=60000",
            "tier.put_timeout_millis=60000",
            "tier.fetch_policy=always");

    static final List<String> PATIENT_NODE = List.of("limits.operation_timeout_millis=60000");

    /**
     * Processes that live for seconds: code compiled to the utmost would cost them more than it brings. Not for nodes, which some
     * tests write to as fast as they can.
     */
    private static final List<String> SHORT_LIVED = List.of("-XX:TieredStopAtLevel=1");

    private static final String COORDINATOR_ROLE = "coordinator";
    private static final long REGION_BYTES = 256L << 20;
    private static final long POOL_BYTES = 64L << 20;
    private static final long SETTLE_SECONDS = 60;
    private static final long END_SECONDS = 60;

    private final Path directory;
    private final Map<String, Service> services = new LinkedHashMap<>();
    private final Map<String, ServiceProcess> running = new LinkedHashMap<>();
    private final Map<String, Client> clients = new LinkedHashMap<>();

    /** Every process that was ever started. */
    private final List<ServiceProcess> all = new ArrayList<>();

    /** How to start a process, and start it again. */
    private record Service(String role, List<String> settings) {
        private static final Pattern PORT = Pattern.compile(".*_port=([1-9]\\d*)");

        /** Those that it must have, as others know them. */
        List<Integer> ports() {
            return settings.stream()
                    .map(PORT::matcher)
                    .filter(Matcher::matches)
                    .map(matcher -> Integer.valueOf(matcher.group(1)))
                    .toList();
        }
    }

    private final Map<String, String> environment;

    private TestCluster(Path directory, Map<String, String> environment) {
        this.directory = directory;
        this.environment = environment;
    }

    /**
     * Starts everything and waits until everyone sees everyone.
     *
     * @param directory for logs and working files
     * @param runnerSettings for all runners beside what they need here
     */
    static TestCluster start(Path directory, int nodes, int runners, String... runnerSettings) {
        return start(
                directory,
                Collections.nCopies(nodes, List.of()),
                Collections.nCopies(runners, List.of(runnerSettings)));
    }

    /**
     * The same with settings of its own for each node and each runner, beside and above what they need here.
     *
     * @param nodes settings of node-a, node-b, ...
     * @param runners settings of runner-a, runner-b, ...
     */
    static TestCluster start(Path directory, List<List<String>> nodes, List<List<String>> runners) {
        return start(directory, List.of(), nodes, runners, Map.of());
    }

    /** The same with settings for the coordinator, too. */
    static TestCluster start(
            Path directory, List<String> coordinator, List<List<String>> nodes, List<List<String>> runners) {
        return start(directory, coordinator, nodes, runners, Map.of());
    }

    /**
     * The same with an environment.
     *
     * @param environment of all processes, beside this one's
     */
    static TestCluster start(
            Path directory,
            List<String> coordinator,
            List<List<String>> nodes,
            List<List<String>> runners,
            Map<String, String> environment) {
        return start(new TestCluster(directory, environment), List.of(COORDINATOR), coordinator, nodes, runners);
    }

    /** The same with two coordinators. */
    static TestCluster startWithTwoCoordinators(Path directory, List<List<String>> nodes, List<List<String>> runners) {
        return start(
                new TestCluster(directory, Map.of()),
                List.of(COORDINATOR, OTHER_COORDINATOR),
                List.of(),
                nodes,
                runners);
    }

    private static TestCluster start(
            TestCluster cluster,
            List<String> coordinators,
            List<String> settings,
            List<List<String>> nodes,
            List<List<String>> runners) {
        try {
            cluster.startAll(coordinators, settings, nodes, runners);
            return cluster;
        } catch (RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
    }

    private void startAll(
            List<String> coordinators,
            List<String> coordinatorSettings,
            List<List<String>> nodes,
            List<List<String>> runners) {
        // All ports that others must know are known from the start, and stay the same over a restart.
        List<Integer> ports = FreePorts.find(2 * coordinators.size() + nodes.size());
        List<Integer> discovery = ports.subList(0, nodes.size());
        List<Integer> fronts = ports.subList(nodes.size(), ports.size());
        for (int i = 0; i < coordinators.size(); i++) {
            var front = new ArrayList<>(List.of(
                    "listen.grpc_port=" + fronts.get(2 * i),
                    "listen.http_port=" + fronts.get(2 * i + 1),
                    "membership.heartbeat_millis=200",
                    "membership.lease_millis=8000",
                    // Without its blocks, for lack of time, a prompt would go to any runner.
                    "routing.tokenize_timeout_millis=20000"));
            front.addAll(coordinatorSettings);
            services.put(coordinators.get(i), new Service(COORDINATOR_ROLE, front));
        }
        String grpc = IntStream.range(0, coordinators.size())
                .mapToObj(i -> "127.0.0.1:" + fronts.get(2 * i))
                .collect(Collectors.joining(","));
        String seeds =
                discovery.stream().map(p -> "\"127.0.0.1:" + p + "\"").toList().toString();
        for (int i = 0; i < nodes.size(); i++) {
            String name = "node-" + (char) ('a' + i);
            var settings = new ArrayList<>(List.of(
                    "id=" + name,
                    "listen.grpc_port=0",
                    "coordinator=" + grpc,
                    "ignite.discovery_port=" + discovery.get(i),
                    "ignite.communication_port=0",
                    "ignite.addresses=" + seeds,
                    "ignite.work_directory=" + directory.resolve(name + "-work"),
                    "memory.region_bytes=" + REGION_BYTES));
            settings.addAll(nodes.get(i));
            services.put(name, new Service("node", settings));
        }
        for (int i = 0; i < runners.size(); i++) {
            String name = "runner-" + (char) ('a' + i);
            var settings = new ArrayList<>(List.of(
                    "id=" + name,
                    "listen.grpc_port=0",
                    "coordinator=" + grpc,
                    "model.path=" + Source.MODEL,
                    "model.threads=1",
                    "kv.pool_bytes=" + POOL_BYTES));
            settings.addAll(runners.get(i));
            services.put(name, new Service("runner", settings));
        }
        services.keySet().forEach(this::launch);
        running.values().forEach(ServiceProcess::awaitReady);
        awaitMembers();
        if (!runners.isEmpty()) {
            coordinators().forEach(this::awaitServing);
        }
    }

    /** Those that run. */
    private List<String> coordinators() {
        return running.keySet().stream().filter(this::isCoordinator).toList();
    }

    private boolean isCoordinator(String name) {
        Service service = services.get(name);
        return service != null && service.role().equals(COORDINATOR_ROLE);
    }

    /** Waits until a server says that requests are welcome. */
    void awaitServing(String name) {
        Await.until(
                name + " to serve",
                SETTLE_SECONDS,
                () -> HealthGrpc.newBlockingStub(client(name).channel())
                        .withDeadlineAfter(SETTLE_SECONDS, TimeUnit.SECONDS)
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus(),
                ServingStatus.SERVING::equals);
    }

    private void launch(String name) {
        Service service = services.get(name);
        long before = all.stream().filter(p -> p.name().startsWith(name)).count();
        List<String> flags = service.role().equals("node") ? List.of() : SHORT_LIVED;
        ServiceProcess process = new ServiceStarter(Source.CLASS_PATH, directory, environment)
                .start(before == 0 ? name : name + "-" + (before + 1), service.role(), service.settings(), flags);
        all.add(process);
        running.put(name, process);
    }

    /** The front door; the first one, if there are two. */
    Client coordinator() {
        return client(COORDINATOR);
    }

    /** One server, asked directly. */
    Client client(String name) {
        return clients.computeIfAbsent(name, n -> Client.of(address(n, "grpc")));
    }

    /** An address of a server's ready line. */
    String address(String name, String field) {
        return process(name).awaitReady().get(field);
    }

    ServiceProcess process(String name) {
        return running.get(name);
    }

    /** Ends a process as a lost machine does. */
    void kill(String name) {
        process(name).kill();
        running.remove(name);
        forgetClient(name);
    }

    /**
     * Asks a process to end ({@code kill -TERM}), and waits until it has.
     *
     * @return its exit code
     */
    int stop(String name, long limitSeconds) {
        ServiceProcess process = process(name);
        process.stop();
        int code = process.awaitEnd(limitSeconds);
        running.remove(name);
        forgetClient(name);
        return code;
    }

    /** Starts a process that was killed or stopped again, with the same settings. */
    void restart(String name) {
        assertThat(running).doesNotContainKey(name);
        services.get(name).ports().forEach(TestCluster::awaitFree);
        launch(name);
        process(name).awaitReady();
    }

    /** The system may take a moment to give it back. */
    private static void awaitFree(int port) {
        Await.until("port " + port + " to be free", SETTLE_SECONDS, () -> isFree(port), free -> free);
    }

    private static boolean isFree(int port) {
        try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    private void forgetClient(String name) {
        Client client = clients.remove(name);
        if (client != null) {
            client.close();
        }
    }

    /** Waits until each coordinator that runs hears every member that runs, at the address that it has now. */
    void awaitMembers() {
        var expected = new TreeMap<String, String>();
        running.keySet().stream()
                .filter(name -> !isCoordinator(name))
                .forEach(name -> expected.put(name, address(name, "grpc")));
        for (String coordinator : coordinators()) {
            awaitStats(
                    coordinator,
                    "members " + expected + " to be up",
                    stats -> up(stats).entrySet().containsAll(expected.entrySet()));
        }
    }

    /** Waits until each coordinator that runs counts a member as lost. */
    void awaitDown(String name) {
        for (String coordinator : coordinators()) {
            awaitStats(coordinator, name + " to be down", stats -> !up(stats).containsKey(name));
        }
    }

    /** Waits until a runner has nothing to do, by a heartbeat younger than this call, and nothing to hand over. */
    void awaitIdle(String runner) {
        awaitIdle(COORDINATOR, runner);
    }

    /** The same as a coordinator sees it. */
    void awaitIdle(String coordinator, String runner) {
        awaitLoad(
                coordinator,
                runner,
                "idle",
                member -> member.getRunner().getRunningRequests() == 0
                        && member.getRunner().getQueuedRequests() == 0
                        && member.getRunner().getOffloadPendingBytes() == 0);
    }

    /** What a runner says with a heartbeat younger than this call, once it is idle. */
    RunnerLoad idleLoad(String runner) {
        awaitIdle(runner);
        return member(coordinator().stats(), runner).orElseThrow().getRunner();
    }

    /** Waits until a heartbeat younger than this call says of a member what is wanted. */
    void awaitLoad(String name, String what, Predicate<MemberStats> wanted) {
        awaitLoad(COORDINATOR, name, what, wanted);
    }

    private void awaitLoad(String coordinator, String name, String what, Predicate<MemberStats> wanted) {
        long asked = System.nanoTime();
        awaitStats(
                coordinator,
                name + " to be " + what,
                stats -> member(stats, name)
                        .filter(m -> m.getSilentMillis() < TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - asked))
                        .filter(wanted)
                        .isPresent());
    }

    private void awaitStats(String coordinator, String what, Predicate<GetClusterStatsResponse> wanted) {
        Await.until(what + " at " + coordinator, SETTLE_SECONDS, client(coordinator)::stats, wanted);
    }

    /** Leading chunks of a prompt that the nodes hold. */
    int storedChunks(Prompt prompt) {
        var question = MatchRequest.newBuilder();
        chunkKeys(prompt).forEach(key -> question.addKeys(key.toByteString()));
        return client("node-a").blocks().match(question.build()).getMatched();
    }

    /** The keys under which the nodes hold a prompt's chunks. */
    List<BlockKey> chunkKeys(Prompt prompt) {
        TokenizeResponse named = coordinator().tokenize(prompt);
        int blocks = CHUNK_TOKENS / named.getBlockTokens();
        NamespaceId namespace = NamespaceId.of(named.getNamespace());
        var keys = new ArrayList<BlockKey>();
        for (int last = blocks - 1; last < named.getBlockDigestsCount(); last += blocks) {
            keys.add(BlockKey.of(namespace, BlockDigest.of(named.getBlockDigests(last))));
        }
        return keys;
    }

    private static Optional<MemberStats> member(GetClusterStatsResponse stats, String name) {
        return stats.getMembersList().stream()
                .filter(m -> m.getMember().getId().equals(name))
                .findFirst();
    }

    /** Members that are up, and their addresses. */
    private static Map<String, String> up(GetClusterStatsResponse stats) {
        return stats.getMembersList().stream()
                .filter(m -> m.getMember().getState() == MemberState.MEMBER_STATE_UP)
                .collect(Collectors.toMap(
                        m -> m.getMember().getId(), m -> m.getMember().getAddress()));
    }

    /** Asks every process to end, and checks that each does, of its own accord. */
    @Override
    public void close() {
        List.copyOf(clients.keySet()).forEach(this::forgetClient);
        running.values().forEach(ServiceProcess::stop);
        var forced = new ArrayList<String>();
        for (ServiceProcess process : running.values()) {
            try {
                process.awaitEnd(END_SECONDS);
            } catch (KvernException e) {
                forced.add(e.getMessage());
                process.kill();
            }
        }
        running.clear();
        assertThat(all).as("processes left behind").noneMatch(ServiceProcess::isAlive);
        assertThat(forced).as("processes that did not end when asked to").isEmpty();
    }
}
