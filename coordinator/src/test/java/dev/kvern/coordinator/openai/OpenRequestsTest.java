package dev.kvern.coordinator.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OpenRequestsTest {
    private final OpenRequests open = new OpenRequests(2, 100);

    private ApiError refusal(long size) {
        return catchThrowableOfType(ApiException.class, () -> open.enter(size)).error();
    }

    @Test
    void tooManyAreRefusedUntilOneLeaves() {
        OpenRequests.Place first = open.enter(1);
        open.enter(1);
        assertThat(refusal(1).status()).isEqualTo(429);
        first.close();
        first.close();
        open.enter(1);
        assertThat(refusal(1).message()).contains("requests under way: 3").contains("at most 2");
    }

    @Test
    void tooManyBytesAreRefusedUntilTheyAreGivenBack() {
        OpenRequests.Place first = open.enter(90);
        assertThat(refusal(20).status()).isEqualTo(429);
        first.shrink(80);
        open.enter(20);
        first.close();
        open.enter(80);
    }

    @Test
    void whatGrowsTakesRoomAndGivesAllOfItBack() {
        OpenRequests.Place growing = open.enter(50);
        assertThat(growing.grow(40)).isTrue();
        assertThat(growing.grow(20)).isFalse();
        assertThat(refusal(20).status()).isEqualTo(429);
        growing.close();
        assertThat(growing.grow(1)).isFalse();
        open.enter(100);
    }

    @Test
    void whoStopsTakesNoneAndSeesWhatIsLeft() {
        OpenRequests.Place last = open.enter(1);
        open.drain();
        assertThat(refusal(1).status()).isEqualTo(503);
        assertThat(open.underWay()).isEqualTo(1);
        last.close();
        last.close();
        assertThat(open.underWay()).isZero();
    }
}
