package dev.kvern.coordinator.membership;

import static dev.kvern.coordinator.Members.runner;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.v1.AllBlocksCleared;
import dev.kvern.v1.BlocksStored;
import dev.kvern.v1.KvEvent;
import dev.kvern.v1.PublishKvEventsRequest;
import dev.kvern.v1.PublishKvEventsResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import org.junit.jupiter.api.Test;

class KvEventStreamTest {
    private static final int QUIET_MILLIS = 1_000;
    private static final MembershipLimits LIMITS = new MembershipLimits(100, 400, 60_000, 10, 60_000, QUIET_MILLIS);

    private final SteppedClock clock = new SteppedClock();
    private final MemberRegistry members = new MemberRegistry(LIMITS, clock);
    private final Settling settling = new Settling(LIMITS, clock, Runnable::run);
    private final PrefixIndex index = new PrefixIndex(1_000);

    KvEventStreamTest() {
        members.onChange(settling::changed);
    }

    private StreamObserver<PublishKvEventsRequest> stream() {
        return new KvEventStream(index, id -> members.current().find(id).isPresent(), settling, new Ignored());
    }

    /** What a stream of runner a begins with: all that the runner holds, in one message. */
    private static PublishKvEventsRequest.Builder beginning() {
        return PublishKvEventsRequest.newBuilder()
                .setRunnerId("a")
                .addEvents(KvEvent.newBuilder().setCleared(AllBlocksCleared.getDefaultInstance()))
                .addEvents(KvEvent.newBuilder()
                        .setStored(BlocksStored.newBuilder()
                                .setNamespace(ByteString.copyFrom(new byte[32]))
                                .addDigests(ByteString.copyFrom(new byte[32]))));
    }

    private boolean isReadyABitLater() {
        clock.stepMillis(QUIET_MILLIS);
        settling.look();
        return settling.isReady();
    }

    @Test
    void whatARunnerToldBeforeItWasAMemberIsToldAgainIfItsStreamBreaks() {
        var first = stream();
        first.onNext(beginning().setReplayed(true).build());
        assertThat(index.size()).isEqualTo(1);
        first.onError(Status.UNAVAILABLE.asRuntimeException());
        assertThat(index.size()).isZero();
        members.register(runner("a"));
        assertThat(isReadyABitLater()).as("with none of its blocks").isFalse();
        stream().onNext(beginning().setReplayed(true).build());
        assertThat(isReadyABitLater()).isTrue();
        assertThat(index.size()).isEqualTo(1);
    }

    @Test
    void aRunnerThatBeginsAnewHasNotToldAllUntilItSaysSo() {
        members.register(runner("a"));
        stream().onNext(beginning().setReplayed(true).build());
        var second = stream();
        second.onNext(beginning().build());
        assertThat(isReadyABitLater()).isFalse();
        second.onNext(PublishKvEventsRequest.newBuilder()
                .setRunnerId("a")
                .setSequence(1)
                .setReplayed(true)
                .build());
        assertThat(isReadyABitLater()).isTrue();
    }

    private static final class Ignored implements StreamObserver<PublishKvEventsResponse> {
        @Override
        public void onNext(PublishKvEventsResponse response) {}

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
    }
}
