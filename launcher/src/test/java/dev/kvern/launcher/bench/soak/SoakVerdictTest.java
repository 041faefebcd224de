package dev.kvern.launcher.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.Samples;
import dev.kvern.launcher.bench.soak.SoakRequest.Course;
import dev.kvern.launcher.bench.soak.SoakRequest.Reading;
import dev.kvern.runner.model.ModelConfig;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.SamplingParameters;
import dev.kvern.v1.StatsResponse;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SoakVerdictTest {
    private static final int REQUESTS = 10_000;
    private static final Path MODEL = Path.of("../model-runner/models/kvern-demo");

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Tally tally = new Tally();
    private final SoakSettings settings =
            new SoakSettings(MODEL, ModelConfig.read(MODEL.resolve("config.json")), REQUESTS, 1);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    /** Calls that all ended well. */
    private void answered(int count) {
        for (int i = 0; i < count; i++) {
            ended(Course.TO_ITS_END, Status.OK, 5, 6);
        }
    }

    private void ended(Course course, Status status, int... tokens) {
        var request = GenerateRequest.newBuilder()
                .setSampling(SamplingParameters.newBuilder().setTemperature(0))
                .build();
        var call = new SoakCall(new SoakRequest(1, request, course, Reading.EAGER, 0, 1), timer, tally::add);
        for (int token : tokens) {
            call.onNext(GenerateResponse.newBuilder().addTokenIds(token).build());
        }
        if (status.isOk()) {
            call.onCompleted();
        } else {
            call.onError(status.asRuntimeException());
        }
    }

    /** Checkpoints of which one figure of the runner is as told, all others are level. */
    private List<Checkpoint> checkpoints(Figure figure, IntToDoubleFunction ofRequests, int heldAtTheEnd) {
        var checkpoints = new ArrayList<Checkpoint>();
        for (int requests = 0; requests <= REQUESTS; requests += settings.requestsBetweenCheckpoints()) {
            var processes = new LinkedHashMap<String, ProcessFigures>();
            for (String process : List.of("node", "runner-1")) {
                Map<Figure, Double> values = new EnumMap<>(Figure.class);
                for (Figure each : Figure.values()) {
                    values.put(
                            each,
                            each == figure && process.equals("runner-1") ? ofRequests.applyAsDouble(requests) : 50);
                }
                processes.put(process, new ProcessFigures(values));
            }
            checkpoints.add(
                    new Checkpoint(requests, requests, processes, members(requests == REQUESTS ? heldAtTheEnd : 0)));
        }
        return checkpoints;
    }

    private static Map<String, MemberStats> members(int held) {
        var load = RunnerLoad.newBuilder()
                .setUsedBlocks(held)
                .setCachedLocalTokens(1)
                .setCachedHostTokens(1)
                .setCachedClusterTokens(1)
                .setComputedTokens(1)
                .setGeneratedTokens(1)
                .setOffloadedBlocks(1)
                .setPreemptions(1)
                .setRefusedRequests(1);
        var node = StatsResponse.newBuilder()
                .setCounters(BlockCounters.newBuilder().setEvictedBlocks(1));
        return Map.of(
                "runner-1", MemberStats.newBuilder().setRunner(load).build(),
                "node", MemberStats.newBuilder().setNode(node).build());
    }

    private SoakVerdict verdict(List<Checkpoint> checkpoints) {
        return SoakVerdict.of(settings, checkpoints, tally, List.of());
    }

    private List<Checkpoint> flat() {
        return checkpoints(Figure.HEAP, requests -> 50, 0);
    }

    @Test
    void whatIsFlatPasses() {
        answered(REQUESTS);
        SoakVerdict verdict = verdict(flat());
        assertThat(verdict.failures()).isEmpty();
        assertThat(SoakReport.text(verdict, SoakPaths.of(flat().get(0)), tally)).contains("passed");
    }

    @Test
    void memoryThatGrowsFails() {
        answered(REQUESTS);
        // Two kilobytes and a half for each request.
        assertThat(verdict(checkpoints(Figure.ANONYMOUS, requests -> 700 + 0.0025 * requests, 0))
                        .failures())
                .containsExactly("runner-1: anonymous grew by 20.0 MiB (expected: at most 16.0)");
        assertThat(verdict(checkpoints(Figure.THREADS, requests -> 40 + 0.001 * requests, 0))
                        .failures())
                .containsExactly("runner-1: threads grew by 8.0 (expected: at most 4.0)");
    }

    @Test
    void memoryThatMappedFilesTakeIsNotJudged() {
        answered(REQUESTS);
        assertThat(verdict(checkpoints(Figure.RESIDENT, requests -> requests, 0))
                        .failures())
                .isEmpty();
    }

    @Test
    void heldBlocksFail() {
        answered(REQUESTS);
        assertThat(verdict(checkpoints(Figure.HEAP, requests -> 50, 3)).failures())
                .containsExactly("after 10000 requests, with nothing under way, runner-1: 3 blocks held (expected: 0)");
    }

    @Test
    void aChangedTokenFails() {
        answered(REQUESTS);
        ended(Course.TO_ITS_END, Status.OK, 5, 7);
        assertThat(verdict(flat()).failures())
                .containsExactly(
                        "1 answers were not the first answer to their prompt (expected: 0)",
                        "prompt 1: token 1 is 7 (expected: 6, as in its first answer)");
    }

    @Test
    void aTokenOfACancelledAnswerCountsToo() {
        answered(REQUESTS);
        ended(Course.CANCELLED, Status.CANCELLED, 4);
        assertThat(verdict(flat()).failures()).hasSize(2);
    }

    @Test
    void anUnexpectedEndFails() {
        answered(REQUESTS);
        ended(Course.CANCELLED, Status.CANCELLED);
        ended(Course.SHORT_DEADLINE, Status.DEADLINE_EXCEEDED);
        ended(Course.INVALID, Status.INVALID_ARGUMENT);
        ended(Course.INVALID, Status.NOT_FOUND);
        ended(Course.TO_ITS_END, Status.RESOURCE_EXHAUSTED);
        assertThat(verdict(flat()).failures()).isEmpty();
        ended(Course.INVALID, Status.OK);
        ended(Course.TO_ITS_END, Status.DEADLINE_EXCEEDED);
        ended(Course.TO_ITS_END, Status.INTERNAL.withDescription("internal error"));
        assertThat(verdict(flat()).failures())
                .contains("3 requests ended in another way than they should (expected: 0)")
                .anyMatch(failure -> failure.contains("internal error"));
    }

    @Test
    void aSoakInWhichNothingHappensSaysNothing() {
        answered(REQUESTS / 2);
        List<Checkpoint> idle = flat().stream()
                .map(each -> new Checkpoint(each.requests(), each.seconds(), each.processes(), Map.of()))
                .toList();
        assertThat(verdict(idle).failures())
                .contains("5000 requests were answered (expected: at least 8000)")
                .contains("preemptions: none (expected: some, or the soak says nothing about them)");
    }

    @Test
    void errorsInAServicesLogFail() {
        answered(REQUESTS);
        List<String> complaints = LogComplaints.of("runner-1", """
                02:57:32.387 INFO  d.k.r.RunnerProcess - serving
                02:57:43.541 ERROR i.g.n.s.i.n.u.ResourceLeakDetector - LEAK: ByteBuf.release() was not called
                Recent access records:
                """);
        assertThat(SoakVerdict.of(settings, flat(), tally, complaints).failures())
                .containsExactly("runner-1 says: 02:57:43.541 ERROR i.g.n.s.i.n.u.ResourceLeakDetector - LEAK:"
                        + " ByteBuf.release() was not called");
    }

    @Test
    void aShortRunMayGrowMore() {
        var shorter = new SoakSettings(MODEL, settings.config(), 500, 1);
        assertThat(shorter.mostGrowth(Figure.HEAP)).isGreaterThan(settings.mostGrowth(Figure.HEAP));
    }

    @Test
    void rowsHaveEveryFigureAndTheVerdict() {
        answered(REQUESTS);
        var rows = new BenchRows("soak", SoakReport.setting(settings));
        SoakReport.addTo(rows, verdict(flat()), SoakPaths.of(flat().get(0)), tally);
        for (Figure figure : Figure.values()) {
            assertThat(rows.find("runner-1", figure.title()))
                    .hasValueSatisfying(row -> assertThat(row.samples()).isEqualTo(levelSamples()));
        }
        assertThat(rows.find("verdict", ""))
                .hasValueSatisfying(row -> assertThat(row.more()).containsEntry("passed", true));
    }

    private static Samples levelSamples() {
        return new Samples(Collections.nCopies(26, 50.0));
    }
}
