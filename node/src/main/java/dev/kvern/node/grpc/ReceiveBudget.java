package dev.kvern.node.grpc;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.concurrent.atomic.AtomicLong;

/** How many bytes of blocks being received may be held at a time. Safe for use by several threads. */
final class ReceiveBudget {
    private final long limit;
    private final AtomicLong taken = new AtomicLong();

    ReceiveBudget(long limit) {
        this.limit = limit;
    }

    /** @throws KvernException RESOURCE_EXHAUSTED if there is not as much left */
    void take(long bytes) {
        if (taken.addAndGet(bytes) > limit) {
            taken.addAndGet(-bytes);
            throw new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED,
                    "blocks being received: more than " + limit
                            + " bytes at a time (expected: try again later, or at another node)");
        }
    }

    void give(long bytes) {
        taken.addAndGet(-bytes);
    }

    long taken() {
        return taken.get();
    }
}
