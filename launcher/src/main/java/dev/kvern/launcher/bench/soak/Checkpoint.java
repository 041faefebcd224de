package dev.kvern.launcher.bench.soak;

import dev.kvern.v1.MemberStats;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.StatsResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was read while nothing was under way.
 *
 * @param requests sent so far
 * @param seconds since the first of them
 * @param processes figures by process, in the order in which they are shown
 * @param members what those that are members say of themselves
 */
record Checkpoint(
        int requests, double seconds, Map<String, ProcessFigures> processes, Map<String, MemberStats> members) {
    Checkpoint {
        processes = Collections.unmodifiableMap(new LinkedHashMap<>(processes));
        members = Map.copyOf(members);
    }

    ProcessFigures figures(String process) {
        ProcessFigures figures = processes.get(process);
        if (figures == null) {
            throw new IllegalArgumentException(
                    "no process " + process + " (expected: one of " + processes.keySet() + ")");
        }
        return figures;
    }

    RunnerLoad runner(String name) {
        return member(name).getRunner();
    }

    StatsResponse node(String name) {
        return member(name).getNode();
    }

    /** Whether a process is a runner, as far as it was heard. */
    boolean isRunner(String name) {
        return member(name).hasRunner();
    }

    boolean isNode(String name) {
        return member(name).hasNode();
    }

    private MemberStats member(String name) {
        return members.getOrDefault(name, MemberStats.getDefaultInstance());
    }

    /** What runners still have to do or hold, though nothing is under way: nothing. */
    List<String> leftOver() {
        var left = new ArrayList<String>();
        new TreeMap<>(members).forEach((name, member) -> {
            RunnerLoad load = member.getRunner();
            note(left, name, load.getUsedBlocks(), "blocks held");
            note(left, name, load.getRunningRequests(), "requests served");
            note(left, name, load.getQueuedRequests(), "requests that wait");
            note(left, name, load.getOffloadPendingBytes(), "bytes to be stored");
        });
        return left;
    }

    private static void note(List<String> left, String name, long count, String what) {
        if (count > 0) {
            left.add(name + ": " + count + " " + what);
        }
    }
}
