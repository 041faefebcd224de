package dev.kvern.coordinator.stats;

import dev.kvern.coordinator.membership.MemberList;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.v1.RunnerLoad;
import java.util.HashMap;
import java.util.Map;

/**
 * Running totals over all runners seen since the coordinator started. A runner's own totals begin at zero when it starts
 * again or leaves; here nothing is lost and no sum ever falls. Safe for use by several threads; guarded by this.
 */
public final class ClusterTotals {
    /** A runner's process: a new one of the same id starts to count anew. */
    private record Incarnation(String id, long startedAtMillis) {}

    private final Map<Incarnation, RunnerLoad> last = new HashMap<>();
    private RunnerLoad departed = RunnerLoad.getDefaultInstance();

    /** Takes the newest loads over and returns the sums. States such as running requests count for members that are up. */
    public synchronized RunnerLoad update(MemberList members) {
        Map<String, Incarnation> current = new HashMap<>();
        for (MemberStatus member : members.all()) {
            if (member.isRunner()) {
                var incarnation = new Incarnation(member.id(), member.member().getStartedAtMillis());
                current.put(member.id(), incarnation);
                // A runner that registers again under the same start has no load until its next heartbeat.
                if (member.load().hasRunner()) {
                    last.put(incarnation, member.runner());
                }
            }
        }
        last.entrySet().removeIf(entry -> {
            boolean gone = !entry.getKey().equals(current.get(entry.getKey().id()));
            if (gone) {
                departed = LoadSums.counters(departed, entry.getValue());
            }
            return gone;
        });
        RunnerLoad sum = departed;
        for (RunnerLoad load : last.values()) {
            sum = LoadSums.counters(sum, load);
        }
        for (MemberStatus member : members.runners()) {
            sum = LoadSums.states(sum, member.runner());
        }
        return sum;
    }
}
