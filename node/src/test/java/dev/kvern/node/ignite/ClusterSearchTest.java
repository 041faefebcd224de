package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.node.Awaits;
import dev.kvern.node.store.ChainLru;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class ClusterSearchTest {
    private static final long ALONE_MILLIS = 40_000;
    private static final InetSocketAddress SELF = address(1);
    private static final InetSocketAddress OTHER = address(2);
    private static final InetSocketAddress THIRD = address(3);

    private final Set<InetSocketAddress> listed = new HashSet<>();
    private final Set<InetSocketAddress> answering = new HashSet<>();

    /** What happens when, in milliseconds from the start. */
    private final TreeMap<Long, Runnable> later = new TreeMap<>();

    private long now = 1_000_000_000_000L;
    private long millis;

    private final ClusterSearch search =
            new ClusterSearch(() -> listed, SELF::equals, answering::contains, () -> now, this::pass);

    private static InetSocketAddress address(int last) {
        return new InetSocketAddress("10.0.0." + last, 47_500);
    }

    private void pass(long pause) {
        millis += pause;
        now += TimeUnit.MILLISECONDS.toNanos(pause);
        while (!later.isEmpty() && later.firstKey() <= millis) {
            later.pollFirstEntry().getValue().run();
        }
        assertThat(millis).as("an end").isLessThan(3_600_000);
    }

    @Test
    void joinsAtOnceWhoAnswers() {
        listed.addAll(Set.of(SELF, OTHER, THIRD));
        answering.add(THIRD);
        search.await(ALONE_MILLIS);
        assertThat(millis).isZero();
    }

    @Test
    void isAloneOnceNobodyHasAnsweredForLongEnough() {
        listed.addAll(Set.of(SELF, OTHER));
        search.await(ALONE_MILLIS);
        assertThat(millis).isEqualTo(ALONE_MILLIS);
    }

    @Test
    void waitsForWhoIsPublishedLater() {
        listed.add(SELF);
        later.put(29_000L, () -> listed.add(OTHER));
        later.put(31_000L, () -> answering.add(OTHER));
        search.await(ALONE_MILLIS);
        assertThat(millis).isEqualTo(31_000);
    }

    /** As when the name server is down, or knows those only that ran before the machine did: others may well be there. */
    @Test
    void isNotAloneWhileTheListHasNotEvenItself() {
        later.put(300_000L, () -> listed.add(THIRD));
        later.put(600_000L, () -> listed.add(SELF));
        search.await(ALONE_MILLIS);
        assertThat(millis).isBetween(600_000L + ALONE_MILLIS - 500, 600_000L + ALONE_MILLIS);
    }

    @Test
    void joinsByAListWithoutItself() {
        listed.add(OTHER);
        answering.add(OTHER);
        search.await(ALONE_MILLIS);
        assertThat(millis).isZero();
    }

    @Test
    void countsAnewWhenItIsNoLongerListed() {
        listed.add(SELF);
        later.put(30_000L, listed::clear);
        later.put(50_000L, () -> listed.add(SELF));
        later.put(60_000L, () -> listed.add(OTHER));
        later.put(70_000L, () -> answering.add(OTHER));
        search.await(ALONE_MILLIS);
        assertThat(millis).isEqualTo(70_000);
    }

    @Test
    void doesNotLookWhereItNeedNot() {
        search.await(0);
        assertThat(millis).isZero();
    }

    @Test
    void endsWhenItIsInterrupted() {
        later.put(1_000L, Thread.currentThread()::interrupt);
        assertThatThrownBy(() -> search.await(ALONE_MILLIS))
                .isInstanceOfSatisfying(
                        KvernException.class, e -> assertThat(e.reason()).isEqualTo(ErrorReason.CANCELLED));
        assertThat(Thread.interrupted()).isTrue();
    }

    /** With Ignite: as after a power cut, when nobody is there to be joined. */
    @Test
    void nodesThatStartTogetherAreOneCluster()
            throws IOException, ExecutionException, InterruptedException, TimeoutException {
        List<Integer> ports = freePorts(3);
        List<String> addresses = ports.stream().map(port -> "127.0.0.1:" + port).toList();
        ExecutorService starters = Executors.newFixedThreadPool(ports.size());
        var nodes = new ArrayList<IgniteNode>();
        try {
            var starts = ports.stream()
                    .map(port -> CompletableFuture.supplyAsync(() -> start(port, addresses), starters))
                    .toList();
            for (CompletableFuture<IgniteNode> start : starts) {
                nodes.add(start.get(120, TimeUnit.SECONDS));
            }
            Awaits.until(
                    "each sees all",
                    () -> nodes.stream()
                            .allMatch(node -> node.ignite().cluster().nodes().size() == ports.size()));
        } finally {
            nodes.forEach(IgniteNode::close);
            starters.shutdownNow();
        }
    }

    private static IgniteNode start(int port, List<String> addresses) {
        return IgniteNode.start(
                new IgniteNode.Settings(
                        "together-" + port,
                        "127.0.0.1",
                        "",
                        "",
                        port,
                        0,
                        addresses,
                        1_000,
                        "",
                        5_000,
                        1L << 30,
                        64L << 20,
                        1 << 20),
                new ChainLru(),
                key -> {},
                why -> {});
    }

    private static List<Integer> freePorts(int count) throws IOException {
        var sockets = new ArrayList<ServerSocket>();
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
    }
}
