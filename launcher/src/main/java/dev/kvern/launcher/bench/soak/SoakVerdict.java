package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.bench.soak.Tally.Ending;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Whether a soak has found something.
 *
 * @param growths of every figure of every process
 * @param failures what is wrong; empty if nothing is
 */
record SoakVerdict(List<Measured> growths, List<String> failures) {
    /** Of all requests; the others are cancelled, short of time or invalid. */
    private static final double LEAST_ANSWERED = 0.8;

    SoakVerdict {
        growths = List.copyOf(growths);
        failures = List.copyOf(failures);
    }

    /**
     * A figure of a process over the run.
     *
     * @param values at each checkpoint
     * @param growth over the part of the run that counts
     * @param limit the most that it may be; NaN if it is not judged
     */
    record Measured(String process, Figure figure, List<Double> values, double growth, double limit) {
        Measured {
            values = List.copyOf(values);
        }

        boolean tooMuch() {
            return growth > limit;
        }

        double last() {
            return values.get(values.size() - 1);
        }
    }

    /** @param complaints of the services' logs */
    static SoakVerdict of(SoakSettings settings, List<Checkpoint> checkpoints, Tally tally, List<String> complaints) {
        var growths = growths(settings, checkpoints);
        var failures = new ArrayList<String>();
        for (Measured each : growths) {
            if (each.tooMuch()) {
                failures.add(String.format(
                        Locale.ROOT,
                        "%s: %s grew by %.1f%s (expected: at most %.1f)",
                        each.process(),
                        each.figure().title(),
                        each.growth(),
                        each.figure().unitAfter(" "),
                        each.limit()));
            }
        }
        for (Checkpoint checkpoint : checkpoints) {
            for (String left : checkpoint.leftOver()) {
                failures.add("after " + checkpoint.requests() + " requests, with nothing under way, " + left
                        + " (expected: 0)");
            }
        }
        if (tally.changedAnswers() > 0) {
            failures.add(tally.changedAnswers() + " answers were not the first answer to their prompt (expected: 0)");
        }
        if (tally.count(Ending.UNEXPECTED) > 0) {
            failures.add(
                    tally.count(Ending.UNEXPECTED) + " requests ended in another way than they should (expected: 0)");
        }
        if (tally.count(Ending.ANSWERED) < LEAST_ANSWERED * settings.requests()) {
            failures.add(tally.count(Ending.ANSWERED) + " requests were answered (expected: at least "
                    + Math.round(LEAST_ANSWERED * settings.requests()) + ")");
        }
        SoakPaths.of(checkpoints.get(checkpoints.size() - 1))
                .missing()
                .forEach(path -> failures.add(path + ": none (expected: some, or the soak says nothing about them)"));
        failures.addAll(tally.messages());
        failures.addAll(complaints);
        return new SoakVerdict(growths, failures);
    }

    private static List<Measured> growths(SoakSettings settings, List<Checkpoint> checkpoints) {
        List<Integer> requests = checkpoints.stream().map(Checkpoint::requests).toList();
        var growths = new ArrayList<Measured>();
        for (String process : checkpoints.get(0).processes().keySet()) {
            for (Figure figure : Figure.values()) {
                List<Double> values = checkpoints.stream()
                        .map(checkpoint -> checkpoint.figures(process).of(figure))
                        .toList();
                growths.add(new Measured(
                        process, figure, values, Growth.of(requests, values), settings.mostGrowth(figure)));
            }
        }
        return growths;
    }

    boolean passed() {
        return failures.isEmpty();
    }
}
