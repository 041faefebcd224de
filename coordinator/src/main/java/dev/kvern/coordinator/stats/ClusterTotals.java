package dev.kvern.coordinator.stats;

import dev.kvern.coordinator.membership.MemberList;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.v1.RunnerLoad;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Running totals over all runners since the coordinator started. A runner's own totals begin at zero when it starts again or
 * leaves; here nothing is lost and no sum ever falls. What a runner had counted before the coordinator started is not of this
 * time and left out. Safe for use by several threads; guarded by this.
 */
public final class ClusterTotals {
    private static final int MOST_DEPARTED = 1_000;

    /** A runner's process: a new one of the same id starts to count anew. */
    private record Incarnation(String id, long startedAtMillis) {}

    /** @param before what it had counted already when it was first seen, or when it was folded into the departed */
    private record Counted(RunnerLoad before, RunnerLoad now) {
        RunnerLoad here() {
            return LoadSums.since(before, now);
        }
    }

    private final long startedAtMillis;
    private final Map<Incarnation, Counted> last = new HashMap<>();

    /** The last loads of those that may come back; the longest gone make room. */
    private final Map<Incarnation, RunnerLoad> gone = new LinkedHashMap<>();

    private RunnerLoad departed = RunnerLoad.getDefaultInstance();

    /** @param startedAtMillis when the coordinator started, since the epoch */
    public ClusterTotals(long startedAtMillis) {
        this.startedAtMillis = startedAtMillis;
    }

    /** Takes the newest loads over and returns the sums. States such as running requests count for members that are up. */
    public synchronized RunnerLoad update(MemberList members) {
        Map<String, Incarnation> current = new HashMap<>();
        for (MemberStatus member : members.all()) {
            if (member.isRunner()) {
                var incarnation = new Incarnation(member.id(), member.member().getStartedAtMillis());
                current.put(member.id(), incarnation);
                // A runner that registers again under the same start has no load until its next heartbeat.
                if (member.load().hasRunner()) {
                    heard(incarnation, member.runner());
                }
            }
        }
        last.entrySet().removeIf(entry -> {
            boolean left = !entry.getKey().equals(current.get(entry.getKey().id()));
            if (left) {
                depart(entry.getKey(), entry.getValue());
            }
            return left;
        });
        RunnerLoad sum = departed;
        for (Counted counted : last.values()) {
            sum = LoadSums.counters(sum, counted.here());
        }
        for (MemberStatus member : members.runners()) {
            sum = LoadSums.states(sum, member.runner());
        }
        return sum;
    }

    private void heard(Incarnation runner, RunnerLoad load) {
        Counted known = last.get(runner);
        last.put(runner, new Counted(known == null ? before(runner, load) : known.before(), load));
    }

    private RunnerLoad before(Incarnation runner, RunnerLoad load) {
        RunnerLoad atDeparture = gone.remove(runner);
        if (atDeparture != null) {
            return atDeparture;
        }
        return runner.startedAtMillis() < startedAtMillis ? load : RunnerLoad.getDefaultInstance();
    }

    private void depart(Incarnation runner, Counted counted) {
        departed = LoadSums.counters(departed, counted.here());
        if (gone.size() == MOST_DEPARTED) {
            gone.remove(gone.keySet().iterator().next());
        }
        gone.put(runner, counted.now());
    }
}
