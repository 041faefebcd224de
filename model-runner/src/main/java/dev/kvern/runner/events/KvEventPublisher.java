package dev.kvern.runner.events;

import com.google.common.collect.Lists;
import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.KvEventListener;
import dev.kvern.v1.AllBlocksCleared;
import dev.kvern.v1.BlocksRemoved;
import dev.kvern.v1.BlocksStored;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.KvEvent;
import dev.kvern.v1.PublishKvEventsRequest;
import dev.kvern.v1.PublishKvEventsResponse;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells one coordinator what enters and leaves the pool. Each stream begins with a reset and the whole content, so that a
 * lost one costs nothing but a new one. Bounded: when the coordinator does not keep up, what waits is dropped and the next
 * stream says all. Safe for use by several threads; guarded by this, which is taken after the pool's lock and never before.
 */
public final class KvEventPublisher implements KvEventListener, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(KvEventPublisher.class);
    private static final int MAX_WAITING = 16_384;
    private static final int MAX_EVENTS_OF_A_MESSAGE = 256;
    private static final int MAX_DIGESTS_OF_AN_EVENT = 1_024;
    private static final long RECONNECT_MILLIS = 500;

    private final ManagedChannel channel;
    private final String runnerId;
    private final BlockPool pool;
    private final ScheduledExecutorService scheduler;
    private final Deque<KvEvent> waiting = new ArrayDeque<>();
    private @Nullable Publication current;

    /** The stream that is about to be opened. */
    private @Nullable Publication next;

    private boolean closed;

    /**
     * @param channel to the coordinator; closed here
     * @param scheduler sends and reconnects; not closed here
     */
    public KvEventPublisher(
            ManagedChannel channel, String runnerId, BlockPool pool, ScheduledExecutorService scheduler) {
        this.channel = channel;
        this.runnerId = runnerId;
        this.pool = pool;
        this.scheduler = scheduler;
    }

    /** Begins to listen and to publish; returns at once. */
    public void start() {
        pool.listen(this);
        later(this::connect, 0);
    }

    /** The replay for the next stream begins. */
    @Override
    public synchronized void cleared() {
        Publication begun = next;
        if (begun == null || closed) {
            return;
        }
        next = null;
        current = begun;
        begun.replaying = true;
        waiting.clear();
        waiting.add(KvEvent.newBuilder()
                .setCleared(AllBlocksCleared.getDefaultInstance())
                .build());
    }

    @Override
    public void stored(NamespaceId namespace, BlockDigest parent, List<BlockDigest> digests) {
        BlockDigest before = parent;
        for (List<BlockDigest> part : Lists.partition(digests, MAX_DIGESTS_OF_AN_EVENT)) {
            add(KvEvent.newBuilder()
                    .setStored(BlocksStored.newBuilder()
                            .setNamespace(namespace.toByteString())
                            .setParentDigest(
                                    before.equals(BlockChain.root()) ? ByteString.EMPTY : before.toByteString())
                            .addAllDigests(Lists.transform(part, BlockDigest::toByteString)))
                    .build());
            before = part.get(part.size() - 1);
        }
    }

    @Override
    public void removed(NamespaceId namespace, List<BlockDigest> digests) {
        for (List<BlockDigest> part : Lists.partition(digests, MAX_DIGESTS_OF_AN_EVENT)) {
            add(KvEvent.newBuilder()
                    .setRemoved(BlocksRemoved.newBuilder()
                            .setNamespace(namespace.toByteString())
                            .addAllDigests(Lists.transform(part, BlockDigest::toByteString)))
                    .build());
        }
    }

    private synchronized void add(KvEvent event) {
        Publication publication = current;
        if (publication == null || publication.broken) {
            // The next stream begins with everything.
            return;
        }
        if (waiting.size() >= MAX_WAITING && !publication.replaying) {
            log.warn("the coordinator does not take KV events; starting over");
            waiting.clear();
            publication.broken = true;
            later(publication::giveUp, 0);
            return;
        }
        waiting.add(event);
        if (!publication.replaying) {
            later(publication::flush, 0);
        }
    }

    private void connect() {
        var publication = new Publication();
        synchronized (this) {
            if (closed) {
                return;
            }
            next = publication;
        }
        // The pool is locked from the reset to the last block of the replay, so that what its listeners hear next
        // follows on.
        pool.replay(this);
        synchronized (this) {
            publication.replaying = false;
            publication.untold = waiting.size();
        }
        ClusterServiceGrpc.newStub(channel).withWaitForReady().publishKvEvents(publication);
        later(() -> hurry(publication), RECONNECT_MILLIS);
    }

    /** While the coordinator is away, tries to reach it oftener than the channel would, whose backoff grows to minutes. */
    private void hurry(Publication publication) {
        synchronized (this) {
            if (closed || publication.opened || current != publication) {
                return;
            }
        }
        channel.resetConnectBackoff();
        later(() -> hurry(publication), RECONNECT_MILLIS);
    }

    private void later(Runnable step, long millis) {
        try {
            scheduler.schedule(step, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("stopping: no more KV events");
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            current = null;
            waiting.clear();
        }
        pool.unlisten(this);
        channel.shutdownNow();
    }

    /** One stream to the coordinator. Its fields are guarded by the publisher. */
    private final class Publication implements ClientResponseObserver<PublishKvEventsRequest, PublishKvEventsResponse> {
        private @Nullable ClientCallStreamObserver<PublishKvEventsRequest> stream;
        private boolean replaying;
        private boolean opened;
        private boolean broken;
        private long sequence;

        /** Events of the replay that have not been sent; below zero beyond them. */
        private long untold;

        @Override
        public void beforeStart(ClientCallStreamObserver<PublishKvEventsRequest> requests) {
            synchronized (KvEventPublisher.this) {
                stream = requests;
            }
            requests.setOnReadyHandler(this::ready);
        }

        private void ready() {
            synchronized (KvEventPublisher.this) {
                opened = true;
            }
            flush();
        }

        /** Sends what waits, as far as the coordinator takes it. One caller at a time, so that the order is kept. */
        private void flush() {
            synchronized (KvEventPublisher.this) {
                ClientCallStreamObserver<PublishKvEventsRequest> requests = stream;
                if (current != this || broken || requests == null) {
                    return;
                }
                while (!waiting.isEmpty() && requests.isReady()) {
                    var message = PublishKvEventsRequest.newBuilder()
                            .setRunnerId(runnerId)
                            .setSequence(sequence++);
                    while (!waiting.isEmpty() && message.getEventsCount() < MAX_EVENTS_OF_A_MESSAGE) {
                        message.addEvents(waiting.remove());
                        untold--;
                        if (untold == 0) {
                            message.setReplayed(true);
                        }
                    }
                    requests.onNext(message.build());
                }
            }
        }

        private void giveUp() {
            ClientCallStreamObserver<PublishKvEventsRequest> requests;
            synchronized (KvEventPublisher.this) {
                requests = stream;
            }
            if (requests != null) {
                requests.cancel("starting over", null);
            }
        }

        @Override
        public void onNext(PublishKvEventsResponse response) {}

        @Override
        public void onError(Throwable failure) {
            log.debug("the stream of KV events ended: {}", failure.getMessage());
            again();
        }

        @Override
        public void onCompleted() {
            again();
        }

        private void again() {
            synchronized (KvEventPublisher.this) {
                if (closed || current != this) {
                    return;
                }
                broken = true;
                waiting.clear();
            }
            later(KvEventPublisher.this::connect, RECONNECT_MILLIS);
        }
    }
}
