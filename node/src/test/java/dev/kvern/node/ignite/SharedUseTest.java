package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.EvictionPolicy;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SharedUseTest {
    private static final BlockKey BEFORE = Blocks.key(1);
    private static final BlockKey AFTER = Blocks.key(2);

    private final HearingPolicy here = new HearingPolicy();
    private final HearingPolicy there = new HearingPolicy();
    private final IgniteNode first = start("told-1", List.of(), here);
    private final IgniteNode second = start("told-2", List.of(first.discoveryAddress()), there);
    private long nanos;
    private final SharedUse use = new SharedUse(first.ignite(), here, () -> nanos);

    private static IgniteNode start(String id, List<String> addresses, EvictionPolicy policy) {
        return IgniteNode.start(
                new IgniteNode.Settings(
                        id, "127.0.0.1", "", "", 0, 0, addresses, 0, "", 5_000, 1L << 30, 64L << 20, 1 << 20),
                policy,
                key -> {},
                why -> {});
    }

    @AfterEach
    void stop() {
        second.close();
        first.close();
    }

    /** A node's own uses would otherwise rank above what another has stored since, and that would be the first to go. */
    @Test
    void aUseIsToldWithItsTimeAndComesBeforeWhatWasStoredSince() {
        new SharedUse(second.ignite(), there, System::nanoTime);
        Awaits.until(
                "it is seen",
                () -> first.ignite().cluster().forServers().nodes().size() == 2);
        use.used(BEFORE, Optional.empty());
        for (HearingPolicy node : List.of(here, there)) {
            node.held(BEFORE, Optional.empty(), 10);
            node.held(AFTER, Optional.empty(), 10);
        }
        nanos = TimeUnit.SECONDS.toNanos(10);
        Awaits.until("the other hears of it", () -> {
            use.tell();
            return there.told(BEFORE).isPresent();
        });
        for (HearingPolicy node : List.of(here, there)) {
            assertThat(node.told(BEFORE)).contains(nanos);
            assertThat(Stream.generate(node::takeVictim)
                            .limit(2)
                            .map(victim -> victim.orElseThrow().key()))
                    .containsExactly(BEFORE, AFTER);
        }
    }
}
