package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LeasedBlockTest {
    private final ChainLru policy = new ChainLru();

    LeasedBlockTest() {
        policy.held(Blocks.key(1), Optional.empty(), 100);
    }

    private LeasedBlock leased(long millis) {
        return new LeasedBlock(Blocks.stored(1, 100), policy.lease(Blocks.key(1)), millis);
    }

    @Test
    void isNotEvictedBeforeItIsClosed() {
        LeasedBlock block = leased(TimeUnit.MINUTES.toMillis(10));
        assertThat(policy.takeVictim()).isEmpty();
        block.close();
        assertThat(policy.takeVictim()).isPresent();
    }

    @Test
    void isNotKeptForEver() {
        LeasedBlock block = leased(1);
        Awaits.until("it may be evicted", () -> policy.takeVictim().isPresent());
        block.close();
    }
}
