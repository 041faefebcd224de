package dev.kvern.runner.events;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.HeldBlock;
import dev.kvern.runner.kv.KvEventListener;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.KvEvent;
import dev.kvern.v1.PublishKvEventsRequest;
import dev.kvern.v1.PublishKvEventsResponse;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KvEventPublisherTest {
    private static final NamespaceId NAMESPACE = NamespaceId.wrap(new byte[32]);

    private final BlockPool pool = new BlockPool(64);
    private final Follower follower = new Follower();
    private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(2);
    private final String address = UUID.randomUUID().toString();
    private final KvEventPublisher publisher =
            new KvEventPublisher(InProcessChannelBuilder.forName(address).build(), "runner-1", pool, scheduler);
    private final Server server =
            InProcessServerBuilder.forName(address).addService(follower).build();

    @BeforeEach
    void start() throws IOException {
        server.start();
    }

    @AfterEach
    void stop() {
        publisher.close();
        scheduler.shutdownNow();
        server.shutdownNow();
    }

    @Test
    void theCoordinatorFollowsThePool() throws InterruptedException {
        store(1, 5);
        publisher.start();
        follower.await(digests(1, 5));
        store(2, 3);
        follower.await(union(digests(1, 5), digests(2, 3)));
        // 64 blocks, 8 of them cached: taking 60 evicts four, leaves first.
        List<? extends HeldBlock> taken = pool.acquire(60).orElseThrow();
        follower.awaitSize(4);
        taken.forEach(HeldBlock::close);
    }

    @Test
    void saysOnceWhenAllThatItHeldHasBeenTold() throws InterruptedException {
        store(1, 40);
        publisher.start();
        follower.await(digests(1, 40));
        follower.awaitReplays(1);
        assertThat(follower.heldAtReplay()).isEqualTo(digests(1, 40));
        store(2, 3);
        follower.await(union(digests(1, 40), digests(2, 3)));
        follower.breakStream();
        follower.awaitReplays(2);
        assertThat(follower.heldAtReplay()).isEqualTo(union(digests(1, 40), digests(2, 3)));
        assertThat(follower.streams()).isEqualTo(2);
    }

    @Test
    void aRunnerThatHoldsNothingSaysSo() throws InterruptedException {
        publisher.start();
        follower.awaitReplays(1);
        assertThat(follower.heldAtReplay()).isEmpty();
    }

    @Test
    void aLostStreamIsFollowedByOneThatSaysAll() throws InterruptedException {
        publisher.start();
        store(1, 4);
        follower.await(digests(1, 4));
        follower.breakStream();
        store(2, 2);
        follower.await(union(digests(1, 4), digests(2, 2)));
        assertThat(follower.streams()).isEqualTo(2);
    }

    @Test
    void severalCoordinatorsFollowThePoolAndOneCanBeLeft() throws Exception {
        var second = new Follower();
        String elsewhere = UUID.randomUUID().toString();
        var other =
                new KvEventPublisher(InProcessChannelBuilder.forName(elsewhere).build(), "runner-1", pool, scheduler);
        Server there = InProcessServerBuilder.forName(elsewhere)
                .addService(second)
                .build()
                .start();
        try {
            publisher.start();
            store(1, 5);
            other.start();
            store(2, 3);
            follower.await(union(digests(1, 5), digests(2, 3)));
            second.await(union(digests(1, 5), digests(2, 3)));
            second.breakStream();
            store(3, 2);
            second.await(union(union(digests(1, 5), digests(2, 3)), digests(3, 2)));
            other.close();
            int heard = second.messages();
            store(4, 1);
            follower.await(union(union(digests(1, 5), digests(2, 3)), union(digests(3, 2), digests(4, 1))));
            assertThat(second.messages()).isEqualTo(heard);
        } finally {
            there.shutdownNow();
        }
    }

    @Test
    void manyChangesInAnyOrderLeaveBothSidesEqual() throws InterruptedException {
        long seed = 11;
        var random = new Random(seed);
        publisher.start();
        for (int i = 0; i < 500; i++) {
            store(random.nextInt(12), 1 + random.nextInt(12));
            if (i == 250) {
                follower.breakStream();
            }
        }
        var expected = new LinkedHashSet<ByteString>();
        pool.replay(new KvEventListener() {
            @Override
            public void cleared() {}

            @Override
            public void stored(NamespaceId namespace, BlockDigest parent, List<BlockDigest> digests) {
                digests.forEach(digest -> expected.add(digest.toByteString()));
            }

            @Override
            public void removed(NamespaceId namespace, List<BlockDigest> digests) {
                throw new AssertionError("a replay removes nothing");
            }
        });
        assertThat(expected).as("seed %d", seed).isNotEmpty();
        follower.await(expected);
    }

    /** Makes the chain of a number complete, as far as it is not. */
    private void store(int chain, int blocks) {
        List<BlockDigest> digests = chain(chain, blocks);
        var known = pool.pinLongestPrefix(NAMESPACE, digests, 1);
        if (known.size() < blocks) {
            var rest = digests.subList(known.size(), blocks);
            BlockDigest parent = known.isEmpty() ? BlockChain.root() : digests.get(known.size() - 1);
            pool.acquire(rest.size())
                    .flatMap(fresh -> pool.publish(NAMESPACE, parent, rest, fresh))
                    .ifPresent(pins -> pins.forEach(HeldBlock::close));
        }
        known.forEach(HeldBlock::close);
    }

    private static List<BlockDigest> chain(int chain, int blocks) {
        int[] tokens = new int[blocks];
        tokens[0] = chain;
        return new BlockChain(1).digests(tokens);
    }

    private static Set<ByteString> digests(int chain, int blocks) {
        var digests = new LinkedHashSet<ByteString>();
        chain(chain, blocks).forEach(digest -> digests.add(digest.toByteString()));
        return digests;
    }

    private static Set<ByteString> union(Set<ByteString> a, Set<ByteString> b) {
        var union = new LinkedHashSet<>(a);
        union.addAll(b);
        return union;
    }

    /** A coordinator that keeps what a runner has. Guarded by this. */
    private static final class Follower extends ClusterServiceGrpc.ClusterServiceImplBase {
        private final Set<ByteString> held = new LinkedHashSet<>();
        private StreamObserver<PublishKvEventsResponse> current = new Ignore();
        private Set<ByteString> heldAtReplay = Set.of();
        private int streams;
        private int messages;
        private int replays;

        @Override
        public synchronized StreamObserver<PublishKvEventsRequest> publishKvEvents(
                StreamObserver<PublishKvEventsResponse> responses) {
            streams++;
            current = responses;
            return new StreamObserver<>() {
                private long next;

                @Override
                public void onNext(PublishKvEventsRequest request) {
                    synchronized (Follower.this) {
                        messages++;
                        assertThat(request.getRunnerId()).isEqualTo("runner-1");
                        assertThat(request.getSequence()).isEqualTo(next++);
                        request.getEventsList().forEach(Follower.this::apply);
                        if (request.getReplayed()) {
                            replays++;
                            heldAtReplay = new LinkedHashSet<>(held);
                        }
                        Follower.this.notifyAll();
                    }
                }

                @Override
                public void onError(Throwable t) {}

                @Override
                public void onCompleted() {}
            };
        }

        private void apply(KvEvent event) {
            switch (event.getEventCase()) {
                case STORED -> {
                    var parent = event.getStored().getParentDigest();
                    assertThat(parent.isEmpty() || held.contains(parent)).isTrue();
                    held.addAll(event.getStored().getDigestsList());
                }
                case REMOVED -> held.removeAll(event.getRemoved().getDigestsList());
                case CLEARED -> held.clear();
                case EVENT_NOT_SET -> throw new AssertionError("an empty event");
            }
        }

        synchronized void breakStream() {
            current.onError(Status.UNAVAILABLE.asRuntimeException());
        }

        synchronized int messages() {
            return messages;
        }

        synchronized int streams() {
            return streams;
        }

        synchronized Set<ByteString> heldAtReplay() {
            return heldAtReplay;
        }

        synchronized void awaitReplays(int count) throws InterruptedException {
            while (replays != count) {
                wait();
            }
        }

        synchronized void await(Set<ByteString> wanted) throws InterruptedException {
            while (!held.equals(wanted)) {
                wait();
            }
        }

        synchronized void awaitSize(int size) throws InterruptedException {
            while (held.size() != size) {
                wait();
            }
        }
    }

    private static final class Ignore implements StreamObserver<PublishKvEventsResponse> {
        @Override
        public void onNext(PublishKvEventsResponse value) {}

        @Override
        public void onError(Throwable t) {}

        @Override
        public void onCompleted() {}
    }
}
