package dev.kvern.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CoordinatorsTest {
    /** Notes what becomes of it. */
    private static final class Link implements CoordinatorLink {
        final String address;
        boolean started;
        boolean inContact = true;
        boolean draining;
        volatile boolean closed;

        Link(String address) {
            this.address = address;
        }

        @Override
        public void start() {
            started = true;
        }

        @Override
        public boolean isInContact() {
            return inContact;
        }

        @Override
        public CompletableFuture<Void> draining() {
            draining = true;
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final Map<String, List<String>> hosts = new HashMap<>();
    private final List<Link> links = new ArrayList<>();
    private final ScheduledExecutorService looker = Executors.newSingleThreadScheduledExecutor();
    private final Coordinators coordinators = coordinators("kvern:7400, 10.0.0.9:7500");

    private Coordinators coordinators(String names) {
        return new Coordinators(names, this::addresses, this::connect, looker);
    }

    private List<String> addresses(String host) throws UnknownHostException {
        if (host.matches("[\\d.]+")) {
            return List.of(host);
        }
        if (!hosts.containsKey(host)) {
            throw new UnknownHostException(host);
        }
        return hosts.getOrDefault(host, List.of());
    }

    private Link connect(String address) {
        if (address.startsWith("10.0.0.66")) {
            throw new IllegalArgumentException(address);
        }
        var link = new Link(address);
        links.add(link);
        return link;
    }

    @AfterEach
    void stop() {
        coordinators.close();
        assertThat(looker.isShutdown()).isTrue();
    }

    private List<String> open() {
        return links.stream()
                .filter(link -> link.started && !link.closed)
                .map(link -> link.address)
                .toList();
    }

    private void look(int times) {
        for (int i = 0; i < times; i++) {
            coordinators.look();
        }
    }

    @Test
    void aNameStandsForAllOfItsAddressesAndThoseThatComeLater() {
        hosts.put("kvern", List.of("10.0.0.1", "10.0.0.2"));
        look(1);
        assertThat(open()).containsExactlyInAnyOrder("10.0.0.1:7400", "10.0.0.2:7400", "10.0.0.9:7500");
        hosts.put("kvern", List.of("10.0.0.2", "10.0.0.1", "10.0.0.3"));
        look(3);
        assertThat(open())
                .containsExactlyInAnyOrder("10.0.0.1:7400", "10.0.0.2:7400", "10.0.0.9:7500", "10.0.0.3:7400");
    }

    @Test
    void aNameThatHasNoAddressYetIsLookedForAgain() {
        look(2);
        assertThat(open()).containsExactly("10.0.0.9:7500");
        hosts.put("kvern", List.of());
        look(2);
        hosts.put("kvern", List.of("fd00::1"));
        look(1);
        assertThat(open()).containsExactly("10.0.0.9:7500", "[fd00::1]:7400");
    }

    @Test
    void anAddressThatIsGoneIsLeftOnlyWhenItIsMissedForLongAndDoesNotAnswer() {
        hosts.put("kvern", List.of("10.0.0.1", "10.0.0.2"));
        look(1);
        Link first = links.get(0);
        assertThat(first.address).isEqualTo("10.0.0.1:7400");
        hosts.put("kvern", List.of("10.0.0.2"));
        look(3 * Coordinators.LOOKS_WITHOUT);
        assertThat(first.closed).as("it answers").isFalse();
        first.inContact = false;
        look(1);
        assertThat(first.closed).isTrue();
        assertThat(open()).containsExactlyInAnyOrder("10.0.0.2:7400", "10.0.0.9:7500");
    }

    @Test
    void anAddressThatIsMissingForSomeLooksOnlyStays() {
        hosts.put("kvern", List.of("10.0.0.1", "10.0.0.2"));
        look(1);
        links.forEach(link -> link.inContact = false);
        for (int i = 0; i < 3; i++) {
            hosts.put("kvern", List.of("10.0.0.2"));
            look(Coordinators.LOOKS_WITHOUT - 1);
            hosts.put("kvern", List.of("10.0.0.1", "10.0.0.2"));
            look(1);
        }
        assertThat(links).hasSize(3).noneMatch(link -> link.closed);
    }

    @Test
    void looksThatFailOrFindNothingChangeNothing() {
        hosts.put("kvern", List.of("10.0.0.1"));
        look(1);
        links.forEach(link -> link.inContact = false);
        hosts.put("kvern", List.of());
        look(3 * Coordinators.LOOKS_WITHOUT);
        hosts.remove("kvern");
        look(3 * Coordinators.LOOKS_WITHOUT);
        assertThat(open()).containsExactlyInAnyOrder("10.0.0.1:7400", "10.0.0.9:7500");
        assertThat(links).hasSize(2);
    }

    @Test
    void whoAnswersAtAnAddressThatWasGivenAwayLongAgoIsAnother() {
        hosts.put("kvern", List.of("10.0.0.1"));
        look(1);
        hosts.put("kvern", List.of("10.0.0.2"));
        look(Coordinators.MOST_LOOKS_WITHOUT - 1);
        assertThat(open()).contains("10.0.0.1:7400");
        look(1);
        assertThat(open()).containsExactlyInAnyOrder("10.0.0.2:7400", "10.0.0.9:7500");
    }

    @Test
    void aLinkThatCannotBeMadeCostsTheOthersNothing() {
        hosts.put("kvern", List.of("10.0.0.1", "10.0.0.66", "10.0.0.2"));
        look(1);
        assertThat(open()).containsExactlyInAnyOrder("10.0.0.1:7400", "10.0.0.2:7400", "10.0.0.9:7500");
    }

    @Test
    void thoseThatComeWhileItDrainsHearOfItToo() {
        look(1);
        assertThat(coordinators.draining()).isCompleted();
        hosts.put("kvern", List.of("10.0.0.1"));
        look(1);
        assertThat(links).hasSize(2).allMatch(link -> link.draining);
    }

    @Test
    void theSystemKnowsAddressesAndNamesOfOneFamily() throws UnknownHostException {
        assertThat(HostLookup.SYSTEM.addresses("127.0.0.1")).containsExactly("127.0.0.1");
        assertThat(HostLookup.SYSTEM.addresses("::1")).containsExactly("0:0:0:0:0:0:0:1");
        assertThat(HostLookup.SYSTEM.addresses("localhost")).hasSize(1);
        assertThatThrownBy(() -> HostLookup.SYSTEM.addresses("no-such-host.invalid"))
                .isInstanceOf(UnknownHostException.class);
    }

    @Test
    void addressesAreBounded() {
        hosts.put("kvern", IntStream.range(0, 100).mapToObj(i -> "10.0.1." + i).toList());
        look(2);
        assertThat(open()).hasSize(Coordinators.MAX_LINKS);
    }

    @Test
    void allAreLeftAtTheSameTimeAndNoneComesAfterwards() {
        var together = new CountDownLatch(2);
        var left = new Coordinators(
                "10.0.0.1:1,10.0.0.2:1",
                this::addresses,
                address -> new CoordinatorLink() {
                    @Override
                    public void start() {}

                    @Override
                    public boolean isInContact() {
                        return true;
                    }

                    @Override
                    public CompletableFuture<Void> draining() {
                        return CompletableFuture.completedFuture(null);
                    }

                    @Override
                    public void close() {
                        together.countDown();
                        try {
                            assertThat(together.await(20, TimeUnit.SECONDS)).isTrue();
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    }
                },
                looker);
        left.look();
        left.close();
        assertThat(together.getCount()).isZero();
        coordinators.close();
        look(1);
        assertThat(links).isEmpty();
    }
}
