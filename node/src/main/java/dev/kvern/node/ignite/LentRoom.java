package dev.kvern.node.ignite;

import dev.kvern.node.store.RegionGate;
import dev.kvern.node.store.WriteGate;
import dev.kvern.rpc.Failures;
import dev.kvern.rpc.KvernException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.apache.ignite.Ignite;

/**
 * Room in this node's region for blocks that other nodes are about to store here. It comes back when they say so, when they leave,
 * or after a time: one that hangs does not keep it. Safe for use by several threads; guarded by this.
 */
public final class LentRoom {
    /** Question: bytes of the block as stored, i32. Answer: {@link #LENT}, number i64, window i64; or {@link #REFUSED}, why. */
    static final String ASK = "lend-room";

    /** Message: number of what is given back, i64. */
    static final String BACK = "kvern-room-back";

    static final byte LENT = 1;
    static final byte REFUSED = 0;

    private record Lent(UUID to, WriteGate.Room room, long until) {}

    private final Ignite ignite;
    private final RegionGate gate;
    private final long aheadBytes;
    private final long lentNanos;
    private final LongSupplier nanoTime;

    /** By number, the oldest first. */
    private final Map<Long, Lent> lent = new LinkedHashMap<>();

    private long lastNumber;

    /**
     * @param gate of this node's region
     * @param aheadBytes of the region beyond the gate's limit: what all others together may store without asking first
     * @param lentMillis longest time that room is lent for: more than it takes to store a block
     */
    public LentRoom(
            Ignite ignite,
            NodeMessages messages,
            RegionGate gate,
            long aheadBytes,
            long lentMillis,
            LongSupplier nanoTime) {
        this.ignite = ignite;
        this.gate = gate;
        this.aheadBytes = aheadBytes;
        this.lentNanos = TimeUnit.MILLISECONDS.toNanos(lentMillis);
        this.nanoTime = nanoTime;
        messages.serveInTime(
                ASK, (from, question) -> lend(from, ByteBuffer.wrap(question).getInt()));
        messages.onLeft(this::left);
        ignite.message().localListen(BACK, (from, message) -> {
            if (message instanceof byte[] number && number.length == Long.BYTES) {
                back(from, ByteBuffer.wrap(number).getLong());
            }
            return true;
        });
    }

    private CompletableFuture<byte[]> lend(UUID to, int bytes) {
        return gate.admit(bytes).handle((room, failure) -> failure == null ? lent(to, room) : refused(failure));
    }

    private byte[] lent(UUID to, WriteGate.Room room) {
        long number;
        synchronized (this) {
            number = ++lastNumber;
            lent.put(number, new Lent(to, room, nanoTime.getAsLong() + lentNanos));
        }
        if (ignite.cluster().node(to) == null) {
            // It left before there was anything to give back.
            left(to);
        }
        return ByteBuffer.allocate(1 + 2 * Long.BYTES)
                .put(LENT)
                .putLong(number)
                .putLong(windowBytes())
                .array();
    }

    /** What each of the others may store here before it asks: twice as much may be on its way before this node can say no. */
    long windowBytes() {
        int others = ignite.cluster().forServers().nodes().size() - 1;
        return aheadBytes / (2L * Math.max(1, others));
    }

    private static byte[] refused(Throwable failure) {
        Throwable why = Failures.unwrapped(failure);
        if (!(why instanceof KvernException)) {
            throw new CompletionException(why);
        }
        byte[] text = String.valueOf(why.getMessage()).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(1 + text.length).put(REFUSED).put(text).array();
    }

    private void back(UUID from, long number) {
        Lent given;
        synchronized (this) {
            given = lent.get(number);
            if (given == null || !given.to().equals(from)) {
                return;
            }
            lent.remove(number);
        }
        given.room().close();
    }

    private void left(UUID node) {
        var given = new ArrayList<Lent>();
        synchronized (this) {
            for (Iterator<Lent> all = lent.values().iterator(); all.hasNext(); ) {
                Lent each = all.next();
                if (each.to().equals(node)) {
                    all.remove();
                    given.add(each);
                }
            }
        }
        close(given);
    }

    /** Takes back what was lent for too long: its answer did not come in time, or who has it hangs. To be called now and then. */
    public void takeBackOld() {
        var given = new ArrayList<Lent>();
        synchronized (this) {
            long now = nanoTime.getAsLong();
            for (Iterator<Lent> all = lent.values().iterator(); all.hasNext(); ) {
                Lent oldest = all.next();
                if (now - oldest.until() < 0) {
                    break;
                }
                all.remove();
                given.add(oldest);
            }
        }
        close(given);
    }

    private static void close(List<Lent> given) {
        given.forEach(each -> each.room().close());
    }
}
