package dev.kvern.node.ignite;

/**
 * What may be stored at another node before it has to be asked for room again. However late it hears of what is on its way, no
 * more can come to it from here since its last answer than twice the window: what was under way then, and what is taken since.
 * Safe for use by several threads; guarded by this.
 */
final class RoomWindow {
    private long bytes;
    private long taken;
    private long underWay;

    /** Whether so many bytes may be stored without asking; they are under way from then on. */
    synchronized boolean take(long need) {
        if (taken + need > bytes) {
            return false;
        }
        taken += need;
        underWay += need;
        return true;
    }

    /** Notes that bytes that were taken are stored, or are not to be. */
    synchronized void done(long need) {
        underWay -= need;
    }

    /** Notes that the node has room, and for how much the window is to be from now on. */
    synchronized void renew(long windowBytes) {
        bytes = windowBytes;
        taken = underWay;
    }
}
