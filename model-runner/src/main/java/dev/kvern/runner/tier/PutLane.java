package dev.kvern.runner.tier;

import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * One stream of a store: chunks that have the same owners, parents first, to one node. Chunks of others have streams of their own,
 * as one that hangs holds up all that comes after it. Confined to the sender's thread.
 */
final class PutLane {
    /** Of a call's time: for so long the node may take nothing and say nothing. Longer than it waits for room and stores. */
    private static final int STALL_PART = 2;

    /** The same where owners were silent before. */
    private static final int STALL_PART_TO_SEE = 10;

    private final PutCall call;
    private final List<Integer> places;
    private final Set<String> owners;
    private final int attempt;
    private final boolean toSee;
    private final long stallNanos;
    private int begun;
    private int end;
    private boolean halfClosed;
    private boolean stalled;

    /**
     * Opens the stream; its time runs from now on.
     *
     * @param group the node, and places of the chunks
     * @param owners of all of these chunks; empty if nobody knows them
     * @param attempt how many nodes were offered them before
     * @param turn how these owners are to be waited for
     * @param onChange told when there may be something to do, on other threads
     */
    PutLane(
            TierAccess tier,
            OwnerGroup group,
            Set<String> owners,
            int attempt,
            SilentOwners.Turn turn,
            Runnable onChange) {
        this.places = group.places();
        this.owners = owners;
        this.attempt = attempt;
        this.toSee = turn.isToSee();
        this.stallNanos = TimeUnit.MILLISECONDS.toNanos(tier.options().putTimeoutMillis())
                / (turn == SilentOwners.Turn.TO_SEE ? STALL_PART_TO_SEE : STALL_PART);
        this.end = places.size();
        this.call = new PutCall(tier, group.node(), onChange);
    }

    TierNode node() {
        return call.node();
    }

    List<Integer> places() {
        return places;
    }

    /** Places of the chunks that it has not begun to send. */
    List<Integer> unsent() {
        return places.subList(begun, places.size());
    }

    Set<String> owners() {
        return owners;
    }

    int attempt() {
        return attempt;
    }

    /** Whether something can be sent now. */
    boolean canSend() {
        return !halfClosed && call.isReady();
    }

    /** Place of the chunk that is being sent, or will be; of the last if all are. */
    int next() {
        return places.get(call.isWithinAChunk() || begun == places.size() ? begun - 1 : begun);
    }

    /** Sends one message. */
    void send(List<? extends ChunkSource> chunks) {
        if (call.isWithinAChunk()) {
            call.sendPart();
        } else if (begun < end) {
            call.begin(chunks.get(places.get(begun++)));
        }
        if (begun == end && !call.isWithinAChunk()) {
            halfClosed = true;
            call.halfClose();
        }
    }

    /** Begins no more chunks. */
    void sendNoMore() {
        end = begun;
    }

    /** When the node will have stood still for too long, by the system's clock of nanoseconds, if nothing changes. */
    long stallsAt() {
        return call.lastMoved() + stallNanos;
    }

    /** Ends the stream of a node that has stood still for too long. */
    void stall() {
        stalled = call.stall();
    }

    boolean ended() {
        return call.ended();
    }

    /** How the stream has ended; once. */
    PutOutcome settle() {
        PutOutcome outcome = call.settle(places);
        if (outcome instanceof PutOutcome.Stored && !halfClosed) {
            // It has yet to be sent some.
            return PutCall.failed(MissReason.MALFORMED, places);
        }
        // The node may be well, and wait as well.
        return stalled && toSee ? PutCall.failed(MissReason.OWNER_SILENT, places) : outcome;
    }

    /** Whether it speaks for the node that it has ended the stream at all. */
    boolean hasAnswered() {
        return !stalled;
    }

    /** Ends a stream whose sender goes no further. */
    void cancel() {
        call.cancel();
    }
}
