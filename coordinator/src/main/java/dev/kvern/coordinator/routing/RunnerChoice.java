package dev.kvern.coordinator.routing;

import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.Model;
import dev.kvern.v1.RunnerLoad;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Says which runners serve a model and which of them is to get a request. Safe for use by several threads. */
public final class RunnerChoice {
    private final MemberRegistry members;
    private final PrefixIndex index;
    private final UnderWay underWay;
    private final RoutePolicy policy;

    public RunnerChoice(MemberRegistry members, PrefixIndex index, UnderWay underWay, RoutePolicy policy) {
        this.members = members;
        this.index = index;
        this.underWay = underWay;
        this.policy = policy;
    }

    /**
     * The runner that a request asks for by id.
     *
     * @throws KvernException NOT_FOUND if it is no live member
     */
    public MemberStatus pinned(String id) {
        return members.current()
                .find(id)
                .filter(m -> m.isRunner() && m.isUp())
                .orElseThrow(() -> new KvernException(
                        ErrorReason.NOT_FOUND,
                        "runner_id: '" + id + "' (expected: a live runner, one of "
                                + members.current().runners().stream()
                                        .map(MemberStatus::id)
                                        .toList() + ")"));
    }

    /**
     * Whether anyone can serve a request now.
     *
     * @param runner the id of the runner that it asks for; empty for any
     * @param model empty for the only one there is
     */
    public boolean canServe(String runner, String model) {
        try {
            return runner.isEmpty()
                    ? !serving(model, Set.of()).isEmpty()
                    : pinned(runner).isUp();
        } catch (KvernException e) {
            return false;
        }
    }

    /**
     * Runners that are up and serve the model.
     *
     * @param model empty for the only one there is
     * @param without runners that have been tried already
     * @throws KvernException NOT_FOUND if nobody serves such a model, INVALID_ARGUMENT if it is empty and several are
     *     served, UNAVAILABLE if no runner is left
     */
    public List<MemberStatus> serving(String model, Set<String> without) {
        List<MemberStatus> up = members.current().runners();
        if (up.isEmpty()) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE, "no runner is up (expected: at least 1; try again later)");
        }
        Set<String> names = up.stream()
                .flatMap(m -> m.member().getModelsList().stream())
                .map(Model::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        if (model.isEmpty() && names.size() > 1) {
            throw KvernException.invalid("model", "''", "one of " + names);
        }
        if (!model.isEmpty() && !names.contains(model)) {
            throw new KvernException(ErrorReason.NOT_FOUND, "model: '" + model + "' (expected: one of " + names + ")");
        }
        List<MemberStatus> left = up.stream()
                .filter(m -> !without.contains(m.id()) && (model.isEmpty() || serves(m, model)))
                .toList();
        if (left.isEmpty()) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE,
                    "no runner is left after " + without
                            + " (expected: another that serves the model; try again later)");
        }
        return left;
    }

    /** The runner with the least to do: for questions that any could answer. */
    public MemberStatus leastBusy(List<MemberStatus> runners) {
        return choose(RoutePolicy.longestPrefix(1), runners, PromptBlocks.UNKNOWN, "")
                .runner();
    }

    /**
     * The runner for a prompt.
     *
     * @param routingKey requests with equal ones belong together; empty for none
     */
    public Route forPrompt(List<MemberStatus> runners, PromptBlocks prompt, String routingKey) {
        return choose(policy, runners, prompt, routingKey);
    }

    private Route choose(RoutePolicy by, List<MemberStatus> runners, PromptBlocks prompt, String routingKey) {
        List<Candidate> candidates =
                runners.stream().map(runner -> candidate(runner, prompt)).toList();
        Candidate chosen = by.choose(prompt.tokens(), routingKey, candidates);
        return new Route(
                runners.get(candidates.indexOf(chosen)),
                chosen.cachedTokens(),
                decision(by, prompt.tokens(), candidates, chosen));
    }

    private static RouteDecision decision(
            RoutePolicy by, long promptTokens, List<Candidate> candidates, Candidate chosen) {
        List<Weighed> cheapest = candidates.stream()
                .map(candidate -> new Weighed(candidate, by.cost(promptTokens, candidate)))
                .sorted(Comparator.comparing((Weighed w) -> !w.candidate().equals(chosen))
                        .thenComparingLong(w -> w.cost().orElse(0)))
                .limit(RouteDecision.MOST_CANDIDATES)
                .toList();
        RouteDecision.Reason reason = candidates.size() == 1 ? RouteDecision.Reason.ONLY : RouteDecision.Reason.POLICY;
        return new RouteDecision(reason, chosen.runner(), promptTokens, candidates.size(), cheapest);
    }

    private Candidate candidate(MemberStatus runner, PromptBlocks prompt) {
        // What the heartbeat counts beyond ours was sent by others; of ours we know how many there are now.
        RunnerLoad load = runner.runner();
        UnderWay.Sums then = underWay.atHeartbeat(runner.id());
        UnderWay.Sums now = underWay.now(runner.id());
        return new Candidate(
                runner.id(),
                prompt.cachedTokens(index, runner.id()),
                now.waitingTokens() + Math.max(0, load.getQueuedPrefillTokens() - then.waitingTokens()),
                now.requests() + Math.max(0, load.getRunningRequests() + load.getQueuedRequests() - then.requests()));
    }

    private static boolean serves(MemberStatus runner, String model) {
        return runner.member().getModelsList().stream()
                .anyMatch(m -> m.getName().equals(model));
    }
}
