package dev.kvern.coordinator.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoutePolicyTest {
    private final RoutePolicy policy = RoutePolicy.longestPrefix(256);

    @Test
    void theLongestPrefixWins() {
        var short_ = new Candidate("a", 64, 0, 0);
        var long_ = new Candidate("b", 1_024, 0, 0);
        assertThat(policy.choose(2_000, "", List.of(short_, long_))).isEqualTo(long_);
        assertThat(policy.choose(2_000, "", List.of(long_, short_))).isEqualTo(long_);
    }

    @Test
    void unlessItsHolderIsBusierByMoreThanThePrefixIsWorth() {
        var idle = new Candidate("a", 0, 0, 0);
        assertThat(policy.choose(2_000, "", List.of(idle, new Candidate("b", 1_024, 0, 3))))
                .extracting(Candidate::runner)
                .isEqualTo("b");
        assertThat(policy.choose(2_000, "", List.of(idle, new Candidate("b", 1_024, 0, 5))))
                .isEqualTo(idle);
        assertThat(policy.choose(2_000, "", List.of(idle, new Candidate("b", 1_024, 1_100, 0))))
                .isEqualTo(idle);
    }

    @Test
    void aPrefixCountsNoMoreThanThePrompt() {
        // Both hold all of the prompt, one much more besides.
        var busy = new Candidate("a", 9_000, 0, 1);
        var idle = new Candidate("b", 100, 0, 0);
        assertThat(policy.choose(100, "", List.of(busy, idle))).isEqualTo(idle);
    }

    @Test
    void equalsTakeTurns() {
        List<Candidate> equals =
                List.of(new Candidate("a", 0, 0, 0), new Candidate("b", 0, 0, 0), new Candidate("c", 0, 0, 0));
        var chosen = new HashSet<String>();
        for (int i = 0; i < 3; i++) {
            chosen.add(policy.choose(10, "", equals).runner());
        }
        assertThat(chosen).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void equalsAreToldApartByTheRoutingKey() {
        var a = new Candidate("a", 0, 0, 0);
        var b = new Candidate("b", 0, 0, 0);
        var c = new Candidate("c", 0, 0, 0);
        var first = new HashMap<String, Candidate>();
        for (int i = 0; i < 30; i++) {
            String key = "session-" + i;
            Candidate chosen = policy.choose(10, key, List.of(a, b, c));
            first.put(key, chosen);
            assertThat(policy.choose(10, key, List.of(c, b, a))).isEqualTo(chosen);
        }
        assertThat(first.values()).contains(a, b, c);
        // Without one of them only its own keys move.
        first.forEach((key, chosen) -> {
            if (!chosen.equals(c)) {
                assertThat(policy.choose(10, key, List.of(a, b))).isEqualTo(chosen);
            }
        });
    }

    @Test
    void theRoutingKeyOutweighsNothing() {
        for (int i = 0; i < 10; i++) {
            assertThat(policy.choose(
                                    100,
                                    "session-" + i,
                                    List.of(new Candidate("a", 0, 0, 0), new Candidate("b", 64, 0, 0)))
                            .runner())
                    .isEqualTo("b");
        }
    }

    @Test
    void roundRobinLooksAtNothing() {
        RoutePolicy robin = RoutePolicy.roundRobin();
        List<Candidate> all = List.of(new Candidate("a", 1_000, 0, 0), new Candidate("b", 0, 9_999, 99));
        var order = new ArrayList<String>();
        for (int i = 0; i < 4; i++) {
            order.add(robin.choose(1_000, "", all).runner());
        }
        assertThat(order).containsExactly("a", "b", "a", "b");
    }
}
