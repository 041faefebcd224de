package dev.kvern.coordinator.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.coordinator.Members;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.coordinator.stats.EventLog.Event;
import org.junit.jupiter.api.Test;

class EventLogTest {
    private final SteppedClock clock = new SteppedClock();
    private final EventLog events = new EventLog(5, () -> 7);

    @Test
    void everyChangeOfAMembersStateIsNotedOnce() {
        var members = new MemberRegistry(new MembershipLimits(100, 400, 60_000, 10), clock);
        members.onChange(new MemberEvents(events, members.current()));
        members.register(Members.node("n"));
        members.heartbeat(Members.beat("n"));
        members.heartbeat(Members.beat("n"));
        clock.stepMillis(1_000);
        members.expire();
        members.expire();
        members.heartbeat(Members.beat("n"));
        members.heartbeat(Members.beat("n").toBuilder().setDraining(true).build());
        members.deregister("n");
        assertThat(events.after(0))
                .extracting(Event::text)
                .containsExactly("left", "is draining", "is up again", "is down: no longer heard", "joined at n:1");
        assertThat(events.after(0)).extracting(Event::subject).containsOnly("n");
        members.register(Members.runner("r", 1));
        members.register(Members.runner("r", 2));
        assertThat(events.after(5)).extracting(Event::text).containsExactly("started again at r:1", "joined at r:1");
        assertThat(events.after(0)).as("bounded").hasSize(5);
    }

    @Test
    void failuresPushOutNoMember() {
        events.add(EventLog.Kind.MEMBER, EventLog.Severity.ERROR, "n", "is down");
        for (int i = 0; i < 20; i++) {
            events.add(EventLog.Kind.REQUEST, EventLog.Severity.ERROR, "q", "broken");
        }
        events.add(EventLog.Kind.MEMBER, EventLog.Severity.INFO, "n", "is up again");
        assertThat(events.after(0)).extracting(Event::sequence).containsExactly(22L, 21L, 20L, 19L, 18L, 17L, 1L);
        assertThat(events.after(20)).extracting(Event::sequence).containsExactly(22L, 21L);
    }

    @Test
    void aTextIsCut() {
        events.add(EventLog.Kind.REQUEST, EventLog.Severity.ERROR, "q", "x".repeat(5_000));
        assertThat(events.after(0).get(0).text()).hasSize(1_000);
        assertThat(events.after(0).get(0).atMillis()).isEqualTo(7);
    }
}
