package dev.kvern.coordinator;

import dev.kvern.coordinator.membership.MemberList;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.coordinator.membership.Settling;
import dev.kvern.coordinator.routing.UnderWay;
import dev.kvern.v1.MemberState;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at short intervals for members that fell silent, and whether the coordinator has heard who is there. Stateless. */
record LeaseLook(MemberRegistry members, Settling settling, UnderWay underWay) implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(LeaseLook.class);
    private static final int LOOKS_A_LEASE = 10;
    private static final long SHORTEST_MILLIS = 10;

    /** Requests that wait for a runner begin at a look, however long a lease is. */
    private static final long LONGEST_MILLIS = 500;

    void startOn(ScheduledExecutorService timer, int leaseMillis) {
        long interval = Math.min(LONGEST_MILLIS, Math.max(SHORTEST_MILLIS, leaseMillis / LOOKS_A_LEASE));
        timer.scheduleAtFixedRate(this, interval, interval, TimeUnit.MILLISECONDS);
    }

    @Override
    public void run() {
        try {
            settling.look();
            members.expire();
            // Once more for calls that were sent in the moment in which their runner was given up.
            giveUpOnLost(members.current());
        } catch (RuntimeException e) {
            // The timer would not call again, and nobody would ever be down.
            log.error("looking for silent members failed", e);
        }
    }

    /** A member that is down may hang for ever: what waits for its answer must not. */
    void giveUpOnLost(MemberList members) {
        for (MemberStatus member : members.all()) {
            if (member.member().getState() == MemberState.MEMBER_STATE_DOWN) {
                underWay.lost(member.id());
            }
        }
    }
}
