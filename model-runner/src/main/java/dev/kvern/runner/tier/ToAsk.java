package dev.kvern.runner.tier;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * What a fetch has yet to ask nodes for. A node sends what it was asked for until the transport's window is full, whether or not there
 * is a buffer for it here: so no more is asked for than may lie there unread. From few nodes that is all at once, by one stream each; beyond that
 * only chunks that are near the next one in the chain, a stream for some of them at a time. Of a node's shared memory no more
 * than a part is asked for, as what it places does not wait in any window but is written over in the end. Guarded by the fetch.
 */
final class ToAsk {
    /** Most that may lie unread for one fetch, but for {@link #LEAST_CHUNKS}; and as much again of what a node failed to bring. */
    static final int UNREAD_BYTES = 32 << 20;

    /** So that the next chunk is on its way while one is taken. */
    private static final int LEAST_CHUNKS = 2;

    /** Of a node's shared memory: what passes through it has a quarter of it, for all who read it. */
    private static final int SHARED_PART = 8;

    private final int chunkBytes;
    private final int near;
    private final List<Part> parts = new ArrayList<>();
    private boolean begun;

    /**
     * Some of a chain's keys that one node is to be asked for.
     *
     * @param group the node, and places of the keys
     * @param attempt how many nodes were asked for these keys before
     * @param share whether chunks may be taken from the node's memory, if it is on this machine
     * @param all whether all of them may be asked for at once
     */
    record Part(OwnerGroup group, int attempt, boolean share, boolean all) {
        Part of(List<Integer> places) {
            return new Part(new OwnerGroup(group.node(), places), attempt, share, all);
        }
    }

    ToAsk(int chunkBytes) {
        this.chunkBytes = chunkBytes;
        this.near = nearest(UNREAD_BYTES);
    }

    private int nearest(long bytes) {
        return (int) Math.max(LEAST_CHUNKS, Math.min(Integer.MAX_VALUE, bytes / chunkBytes));
    }

    /**
     * Adds the parts of a chain as its owners have it.
     *
     * @param windowBytes most that a node sends on a stream before the first is taken
     */
    void addAll(List<OwnerGroup> groups, int windowBytes) {
        long unread = groups.stream()
                .mapToLong(group -> Math.min(windowBytes, (long) group.places().size() * chunkBytes))
                .sum();
        groups.forEach(group -> parts.add(new Part(group, 0, true, unread <= UNREAD_BYTES)));
    }

    /** Adds what is to be asked of another node, or in another way: by streams more than the chain had in the beginning. */
    void addAgain(List<OwnerGroup> groups, int attempt, boolean share) {
        groups.forEach(group -> parts.add(new Part(group, attempt, share, false)));
    }

    /**
     * Takes out what is to be asked for now: all that is near once half of what was near before has come, so that one stream brings
     * several chunks where they are small.
     *
     * @param next place of the chunk that is awaited
     * @param wanted whether a place still is; others are dropped
     */
    List<Part> due(int next, IntPredicate wanted) {
        var due = new ArrayList<Part>();
        var later = new ArrayList<Part>();
        for (Part part : parts) {
            List<Integer> places = part.group().places();
            int ahead = ahead(part);
            int first = places.get(0);
            if (!begun ? first - next >= ahead : first - next > ahead / 2) {
                later.add(part);
                continue;
            }
            int count = 0;
            while (count < places.size() && places.get(count) - next < ahead) {
                count++;
            }
            if (count < places.size()) {
                later.add(part.of(places.subList(count, places.size())));
            }
            List<Integer> now =
                    places.subList(0, count).stream().filter(wanted::test).toList();
            if (!now.isEmpty()) {
                due.add(part.of(now));
            }
        }
        begun = true;
        parts.clear();
        parts.addAll(later);
        return due;
    }

    /** How far from the chunk that is awaited others may be asked for. */
    private int ahead(Part part) {
        int most = part.all() ? Integer.MAX_VALUE : near;
        long shared = part.share() ? part.group().node().shared().bytes() : 0;
        return shared == 0 ? most : Math.min(most, nearest(shared / SHARED_PART));
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }
}
