package dev.kvern.node.ignite;

import java.util.function.Consumer;
import org.apache.ignite.Ignite;
import org.apache.ignite.failure.FailureContext;
import org.apache.ignite.failure.FailureHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears of Ignite's critical failures and never halts the JVM, as Ignite's own handler does: a full region is answered by
 * evicting, a lost cluster by leaving it in an orderly way. Safe for use by several threads.
 */
final class FailureWatch implements FailureHandler {
    private static final Logger log = LoggerFactory.getLogger(FailureWatch.class);

    private final Consumer<String> onLoss;

    /** @param onLoss told once a node is of no more use */
    FailureWatch(Consumer<String> onLoss) {
        this.onLoss = onLoss;
    }

    @Override
    public boolean onFailure(Ignite ignite, FailureContext failure) {
        switch (failure.type()) {
            case SEGMENTATION, SYSTEM_WORKER_TERMINATION -> {
                log.error("Ignite has failed: {}", failure.type(), failure.error());
                onLoss.accept(String.valueOf(failure.type()));
            }
            default -> log.error("Ignite reports {}; serving goes on", failure.type(), failure.error());
        }
        // Not invalidated: a block that cannot be stored now may be storable after the next eviction.
        return false;
    }
}
