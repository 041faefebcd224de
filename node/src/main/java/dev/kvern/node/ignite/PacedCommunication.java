package dev.kvern.node.ignite;

import dev.kvern.process.ProcessNames;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.internal.managers.communication.GridIoMessage;
import org.apache.ignite.internal.processors.cache.distributed.dht.preloader.GridDhtPartitionDemandMessage;
import org.apache.ignite.internal.processors.cache.distributed.dht.preloader.GridDhtPartitionSupplyMessage;
import org.apache.ignite.lang.IgniteInClosure;
import org.apache.ignite.lang.IgniteRunnable;
import org.apache.ignite.plugin.extensions.communication.Message;
import org.apache.ignite.spi.IgniteSpiException;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ignite's communication with the bandwidth of rebalancing bounded, for this node as a whole: what it sends to nodes that ask for
 * their partitions, and, separately, what it receives. Everything else passes as it does.
 *
 * <p>Ignite's own throttle is a pause of one length after every message, whatever its size: a message has at least one block and
 * ends with the one that makes it larger than a batch, so the pause that suits small blocks lets large ones through at many times
 * the rate. And each sender has one of its own: a node that joins a hundred is sent a hundred times the rate. Here the pause
 * follows the bytes. A sender waits where Ignite would pause, on the rebalancing threads, with no lock held. A receiver must not,
 * as Ignite holds a lock there that a change of nodes waits for: its requests for more go by a thread of their own, one when
 * all that came before is paid for, which also bounds what comes at the same time from many.
 *
 * <p>Safe for use by several threads.
 */
final class PacedCommunication extends TcpCommunicationSpi {
    private static final Logger log = LoggerFactory.getLogger(PacedCommunication.class);

    private static final int ATTEMPTS = 5;
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final int batchBytes;
    private final BytesPace sent;
    private final BytesPace received;

    /** Waiting requests are bounded: Ignite has some for each node at a time. */
    private final ExecutorService demands =
            Executors.newSingleThreadExecutor(ProcessNames.daemonThreads("kvern-node-rebalance"));

    /** @param batchBytes what a request for more asks for: Ignite's batch */
    PacedCommunication(long bytesPerSecond, int batchBytes, LongSupplier nanoTime) {
        this.batchBytes = batchBytes;
        this.sent = new BytesPace(bytesPerSecond, nanoTime);
        this.received = new BytesPace(bytesPerSecond, nanoTime);
    }

    @Override
    public void sendMessage(
            ClusterNode node, Message message, @Nullable IgniteInClosure<IgniteException> acknowledged) {
        Object content = content(message);
        if (content instanceof GridDhtPartitionSupplyMessage supply) {
            pause(sent.charge(supply.messageSize()));
            super.sendMessage(node, message, acknowledged);
        } else if (content instanceof GridDhtPartitionDemandMessage demand) {
            // One that takes back an earlier one must not overtake it, and costs nothing.
            later(node, demand.rebalanceId() >= 0, () -> super.sendMessage(node, message, acknowledged));
        } else {
            super.sendMessage(node, message, acknowledged);
        }
    }

    private static Object content(Message message) {
        return message instanceof GridIoMessage io ? io.message() : message;
    }

    private void later(ClusterNode node, boolean paid, Runnable send) {
        try {
            demands.execute(() -> {
                if (paid) {
                    pauseUntilPaid();
                    received.charge(batchBytes);
                }
                send(node, send);
            });
        } catch (RejectedExecutionException e) {
            throw new IgniteSpiException("the node is stopping", e);
        }
    }

    /** Ignite would try another owner if it heard of a failure; it does not, so that a node which is still there is tried again. */
    private void send(ClusterNode node, Runnable send) {
        for (int attempt = 1; ; attempt++) {
            try {
                send.run();
                return;
            } catch (IgniteException e) {
                // Once the node has left, or this one leaves, Ignite begins to rebalance anew, or needs to no more.
                boolean there = getSpiContext().node(node.id()) != null;
                if (!there || attempt == ATTEMPTS) {
                    log.warn("a request for blocks was not sent to {}: {}", node.consistentId(), e.toString());
                    return;
                }
                pause(AGAIN_NANOS);
            }
        }
    }

    /** What arrives meanwhile adds to it. */
    private void pauseUntilPaid() {
        for (long owed = received.charge(0); owed > 0; owed = received.charge(0)) {
            pause(owed);
        }
    }

    private static void pause(long nanos) {
        try {
            TimeUnit.NANOSECONDS.sleep(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IgniteSpiException("interrupted while rebalancing waited for its share of the network", e);
        }
    }

    @Override
    protected void notifyListener(UUID sender, Message message, IgniteRunnable done) {
        if (content(message) instanceof GridDhtPartitionSupplyMessage supply) {
            received.charge((long) supply.messageSize() - batchBytes);
        }
        super.notifyListener(sender, message, done);
    }

    @Override
    public void spiStop() {
        demands.shutdownNow();
        super.spiStop();
    }
}
