package dev.kvern.coordinator.stats;

import dev.kvern.coordinator.membership.MemberList;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.coordinator.stats.EventLog.Kind;
import dev.kvern.coordinator.stats.EventLog.Severity;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberState;
import java.util.Map;
import java.util.function.Consumer;

/** Notes every change of a member's state. Called by one thread at a time. */
public final class MemberEvents implements Consumer<MemberList> {
    private final EventLog events;
    private MemberList before;

    /** @param now the members that are there already */
    public MemberEvents(EventLog events, MemberList now) {
        this.events = events;
        this.before = now;
    }

    @Override
    public void accept(MemberList now) {
        Map<String, MemberStatus> last = before.byId();
        before = now;
        for (MemberStatus member : now.sorted()) {
            MemberStatus was = last.get(member.id());
            if (was == null) {
                note(
                        Severity.INFO,
                        member.member(),
                        "joined at " + member.member().getAddress());
            } else {
                changed(was.member(), member.member());
            }
        }
        for (MemberStatus member : last.values()) {
            if (!now.byId().containsKey(member.id())) {
                note(Severity.INFO, member.member(), "left");
            }
        }
    }

    private void changed(Member was, Member is) {
        if (was.getStartedAtMillis() != is.getStartedAtMillis()) {
            note(Severity.WARNING, is, "started again at " + is.getAddress());
        } else if (was.getState() == is.getState()) {
            return;
        } else if (is.getState() == MemberState.MEMBER_STATE_DOWN) {
            note(Severity.ERROR, is, "is down: no longer heard");
        } else if (is.getState() == MemberState.MEMBER_STATE_DRAINING) {
            note(Severity.WARNING, is, "is draining");
        } else {
            note(Severity.INFO, is, "is up again");
        }
    }

    private void note(Severity severity, Member member, String what) {
        events.add(Kind.MEMBER, severity, member.getId(), what);
    }
}
