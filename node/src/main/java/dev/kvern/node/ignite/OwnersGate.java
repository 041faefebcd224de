package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.RegionGate;
import dev.kvern.node.store.WriteGate;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;

/**
 * Holds a block back until all who would hold it have room: a block is received at one node and stored at others, too, where nothing
 * would keep it from pushing out blocks at random. Another owner is asked first ({@link LentRoom}); what fits its
 * {@link RoomWindow} goes without. So an owner that is slow to evict, or to say that it is full, is not overrun. Safe for use by
 * several threads.
 */
public final class OwnersGate implements WriteGate {
    /** Beyond the time that a block may wait for room at another node: for the way there and back. */
    private static final long WAY_MILLIS = 250;

    private final Ignite ignite;
    private final NodeMessages messages;
    private final RegionGate here;
    private final LentRoom lent;
    private final Function<BlockKey, List<ClusterNode>> owners;
    private final long answerMillis;
    private final Map<UUID, RoomWindow> windows = new ConcurrentHashMap<>();

    /**
     * @param here the gate of this node's region
     * @param lent what others may store here unasked: as much as is taken for theirs until they say it
     * @param storage knows the owners
     * @param waitMillis longest wait for room at a node
     */
    public OwnersGate(
            Ignite ignite,
            NodeMessages messages,
            RegionGate here,
            LentRoom lent,
            IgniteBlockStorage storage,
            long waitMillis) {
        this.ignite = ignite;
        this.messages = messages;
        this.here = here;
        this.lent = lent;
        this.owners = storage::ownersOf;
        this.answerMillis = waitMillis + WAY_MILLIS;
        messages.onLeft(windows::remove);
    }

    @Override
    public CompletableFuture<Room> admit(BlockKey key, int bytes) {
        var rooms = new ArrayList<CompletableFuture<Room>>();
        for (ClusterNode owner : ownersNow(key)) {
            rooms.add(owner.isLocal() ? here.admit(bytes) : admitAt(owner, bytes));
        }
        if (rooms.size() == 1) {
            return rooms.get(0);
        }
        return CompletableFuture.allOf(rooms.toArray(CompletableFuture[]::new))
                .thenApply(all -> (Room) () -> close(rooms))
                .whenComplete((room, failure) -> {
                    if (failure != null) {
                        close(rooms);
                    }
                });
    }

    private List<ClusterNode> ownersNow(BlockKey key) {
        try {
            return owners.apply(key);
        } catch (RuntimeException e) {
            // Nobody knows them: the store, which is asked next, says why.
            return List.of();
        }
    }

    private static void close(List<CompletableFuture<Room>> rooms) {
        for (CompletableFuture<Room> room : rooms) {
            if (!room.isCompletedExceptionally()) {
                room.join().close();
            }
        }
    }

    private CompletableFuture<Room> admitAt(ClusterNode owner, int bytes) {
        RoomWindow window = windows.computeIfAbsent(owner.id(), id -> new RoomWindow(lent.windowBytes()));
        long need = IgniteNode.footprintBytes(bytes);
        if (window.take(need)) {
            return CompletableFuture.completedFuture(Room.once(() -> window.done(need)));
        }
        byte[] question = ByteBuffer.allocate(Integer.BYTES).putInt(bytes).array();
        return messages.ask(owner, LentRoom.ASK, question, answerMillis)
                .handle((answer, failure) -> room(owner, window, answer, failure))
                .thenCompose(Function.identity());
    }

    private CompletableFuture<Room> room(
            ClusterNode owner, RoomWindow window, @Nullable Optional<byte[]> answer, @Nullable Throwable failure) {
        if (answer == null) {
            return ignite.cluster().node(owner.id()) == null || failure == null
                    // An owner no more.
                    ? CompletableFuture.completedFuture(() -> {})
                    : CompletableFuture.failedFuture(failure);
        }
        if (answer.isEmpty()) {
            // It has just joined, and holds little.
            return CompletableFuture.completedFuture(() -> {});
        }
        var said = ByteBuffer.wrap(answer.get());
        if (said.get() != LentRoom.LENT) {
            return CompletableFuture.failedFuture(new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED,
                    NodeMessages.id(owner) + ": " + StandardCharsets.UTF_8.decode(said)));
        }
        long number = said.getLong();
        window.renew(said.getLong());
        return CompletableFuture.completedFuture(Room.once(() -> messages.tell(
                owner,
                LentRoom.BACK,
                ByteBuffer.allocate(Long.BYTES).putLong(number).array())));
    }
}
