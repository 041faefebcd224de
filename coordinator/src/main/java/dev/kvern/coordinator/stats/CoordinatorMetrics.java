package dev.kvern.coordinator.stats;

import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.StatsResponse;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * The figures in Prometheus form. Tokens are counted, not requests; requested and cached stand apart so that any rate can be
 * formed; the sources (local, host, cluster, computed) add up to what was requested. Safe for use by several threads.
 */
public final class CoordinatorMetrics {
    private static final Duration[] TTFT_BUCKETS = {
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofSeconds(60)
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ClusterFigures figures;
    private final MemberRegistry members;
    private final SavedWork saved;
    private final MultiGauge up;
    private final List<MemberGauge> memberGauges;

    /** The sums that one scrape reads: all of one moment, so that they add up. */
    private volatile RunnerLoad totals = RunnerLoad.getDefaultInstance();

    /** A figure of each member. */
    private record MemberGauge(MultiGauge gauge, MemberRole role, ToDoubleFunction<MemberStatus> value) {}

    public CoordinatorMetrics(ClusterFigures figures, MemberRegistry members, PrefixIndex index, SavedWork saved) {
        this.figures = figures;
        this.saved = saved;
        this.members = members;
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        total("kvern.prompt.tokens.requested", "Prompt tokens of all requests", RunnerLoad::getRequestedTokens);
        source("local", RunnerLoad::getCachedLocalTokens);
        source("host", RunnerLoad::getCachedHostTokens);
        source("cluster", RunnerLoad::getCachedClusterTokens);
        source("computed", RunnerLoad::getComputedTokens);
        total("kvern.generated.tokens", "Tokens generated", RunnerLoad::getGeneratedTokens);
        total("kvern.decode.steps", "Steps in which requests that decode got a token", RunnerLoad::getDecodeSteps);
        total(
                "kvern.decode.tokens",
                "Tokens from those steps; over the steps, the mean batch",
                RunnerLoad::getDecodedTokens);
        total(
                "kvern.preemptions",
                "Times a request gave its blocks up for a more urgent one",
                RunnerLoad::getPreemptions);
        total("kvern.recomputed.tokens", "Tokens computed again after preemptions", RunnerLoad::getRecomputedTokens);
        total("kvern.admitted.requests", "Requests that runners admitted", RunnerLoad::getAdmittedRequests);
        total("kvern.queue.seconds", "How long those had waited for a place", load -> load.getQueueMillis() / 1_000);
        total(
                "kvern.refused.requests",
                "Requests that runners refused because their queue was full",
                RunnerLoad::getRefusedRequests);
        total("kvern.finished.requests", "Requests that runners completed", RunnerLoad::getFinishedRequests);
        total(
                "kvern.failed.requests",
                "Requests that ended at a runner in any other way, cancelled ones included",
                RunnerLoad::getFailedRequests);
        total(
                "kvern.not.finite.requests",
                "Of those, ended because what was computed was no finite number",
                RunnerLoad::getNotFiniteRequests);
        total(
                "kvern.memory.shortages",
                "Steps that found no memory on the device and were done again",
                RunnerLoad::getMemoryShortages);
        total("kvern.offload.blocks", "Blocks stored in the cache tier", RunnerLoad::getOffloadedBlocks);
        total(
                "kvern.offload.dropped.blocks",
                "Blocks not stored because the way was full",
                RunnerLoad::getOffloadDroppedBlocks);
        total(
                "kvern.offload.failed.blocks",
                "Blocks not stored because no node could be asked or one failed; each offer counts",
                RunnerLoad::getOffloadFailedBlocks);
        total(
                "kvern.offload.rejected.blocks",
                "Blocks not stored because the nodes had no room for them; each offer counts",
                RunnerLoad::getOffloadRejectedBlocks);
        total("kvern.fetch.blocks", "Blocks fetched from the cache tier", RunnerLoad::getFetchedBlocks);
        failure("timeout", RunnerLoad::getFetchTimeouts);
        failure("corrupt", RunnerLoad::getFetchCorrupt);
        failure("malformed", RunnerLoad::getFetchMalformed);
        failure("node", RunnerLoad::getFetchNodeFailures);
        failure("local", RunnerLoad::getFetchLocalFailures);
        total(
                "kvern.eviction.dropped.blocks",
                "Blocks that pools gave up and that were kept nowhere",
                RunnerLoad::getEvictionDroppedBlocks);
        total("kvern.host.corrupt.blocks", "Blocks found corrupt in host memory", RunnerLoad::getHostCorruptBlocks);
        plan("fetch", RunnerLoad::getPlansFetch);
        plan("compute", RunnerLoad::getPlansCompute);
        plan("compute_queue", RunnerLoad::getPlansComputeQueue);
        plan("explore", RunnerLoad::getPlansExplore);
        plan("overlap", RunnerLoad::getPlansOverlap);
        total(
                "kvern.fetch.estimated.seconds",
                "Fetches that brought all and had an estimate: how long they were to take",
                load -> load.getFetchEstimatedMillis() / 1_000);
        total(
                "kvern.fetch.actual.seconds",
                "Of the same fetches, how long they took",
                load -> load.getFetchActualMillis() / 1_000);
        Gauge.builder("kvern.index.blocks", index, PrefixIndex::size)
                .description("Blocks that the prefix index knows of")
                .register(registry);
        FunctionCounter.builder("kvern.index.dropped.blocks", index, PrefixIndex::dropped)
                .description("Blocks that the prefix index had no room for")
                .register(registry);
        // So that a rate has a beginning.
        SavedWork.USUAL_KINDS.forEach(this::saved);
        up = MultiGauge.builder("kvern.member.up")
                .description("1 for a member that is up, 0 for one that is draining or down")
                .register(registry);
        memberGauges = List.of(
                runner("kvern.runner.running.requests", "Requests served now", RunnerLoad::getRunningRequests),
                runner("kvern.runner.queued.requests", "Requests that wait", RunnerLoad::getQueuedRequests),
                runner(
                        "kvern.runner.queued.prefill.tokens",
                        "Prompt tokens that wait to be computed",
                        RunnerLoad::getQueuedPrefillTokens),
                runner("kvern.runner.pool.blocks", "Blocks of the KV pool", RunnerLoad::getPoolBlocks),
                runner("kvern.runner.used.blocks", "Blocks that requests hold", RunnerLoad::getUsedBlocks),
                runner("kvern.runner.cached.blocks", "Blocks kept for reuse", RunnerLoad::getCachedBlocks),
                runner("kvern.runner.host.used.bytes", "Host tier: bytes used", RunnerLoad::getHostUsedBytes),
                runner("kvern.runner.host.capacity.bytes", "Host tier: its size", RunnerLoad::getHostCapacityBytes),
                runner(
                        "kvern.runner.offload.pending.bytes",
                        "Bytes that wait to be stored in the cache tier",
                        RunnerLoad::getOffloadPendingBytes),
                runner(
                        "kvern.runner.prefill.tokens.per.second",
                        "Prefill speed lately; 0 before the first prefill",
                        RunnerLoad::getPrefillTokensPerSecond),
                runner(
                        "kvern.runner.break.even.tokens",
                        "From so many tokens on fetching is faster than computing; 0 while unknown",
                        RunnerLoad::getBreakEvenTokens),
                runner(
                        "kvern.runner.power.watts",
                        "What its device draws; 0 where nothing says",
                        RunnerLoad::getPowerWatts),
                node(
                        "kvern.node.cluster.nodes",
                        "Nodes in the cluster that a node is in, itself included",
                        StatsResponse::getClusterNodes),
                node("kvern.node.used.bytes", "Bytes used in the region", StatsResponse::getUsedBytes),
                node("kvern.node.capacity.bytes", "The region's size", StatsResponse::getCapacityBytes),
                node("kvern.node.primary.blocks", "Blocks held as their owner", StatsResponse::getPrimaryBlocks),
                node("kvern.node.backup.blocks", "Blocks held for others", StatsResponse::getBackupBlocks));
        registry.getPrometheusRegistry().register(new NodeMetrics(members));
        registry.getPrometheusRegistry().register(new RunnerDistributions(() -> totals));
    }

    private void total(String name, String description, ToDoubleFunction<RunnerLoad> of) {
        FunctionCounter.builder(name, this, metrics -> of.applyAsDouble(metrics.totals))
                .description(description)
                .register(registry);
    }

    private void source(String source, ToDoubleFunction<RunnerLoad> of) {
        FunctionCounter.builder("kvern.prompt.tokens", this, metrics -> of.applyAsDouble(metrics.totals))
                .tag("source", source)
                .description("Prompt tokens by where their KV came from")
                .register(registry);
    }

    private void failure(String reason, ToDoubleFunction<RunnerLoad> of) {
        FunctionCounter.builder("kvern.fetch.failures", this, metrics -> of.applyAsDouble(metrics.totals))
                .tag("reason", reason)
                .description("Fetches that failed; computed instead")
                .register(registry);
    }

    private void plan(String kind, ToDoubleFunction<RunnerLoad> of) {
        FunctionCounter.builder("kvern.fetch.plans", this, metrics -> of.applyAsDouble(metrics.totals))
                .tag("decision", kind)
                .description("Decisions to load or to compute")
                .register(registry);
    }

    private MemberGauge runner(String name, String description, ToDoubleFunction<RunnerLoad> of) {
        return new MemberGauge(
                MultiGauge.builder(name).description(description).register(registry),
                MemberRole.MEMBER_ROLE_RUNNER,
                member -> of.applyAsDouble(member.runner()));
    }

    private MemberGauge node(String name, String description, ToDoubleFunction<StatsResponse> of) {
        return new MemberGauge(
                MultiGauge.builder(name).description(description).register(registry),
                MemberRole.MEMBER_ROLE_NODE,
                member -> of.applyAsDouble(member.node()));
    }

    /** What reuse saved runners of a kind. Has no effect if it is there. */
    private void saved(String kind) {
        FunctionCounter.builder(
                        "kvern.saved.seconds", saved, work -> work.of(kind).seconds())
                .tag("device", kind)
                .description("Computing that reuse has saved, by what runners compute on; an estimate")
                .register(registry);
        FunctionCounter.builder(
                        "kvern.saved.watt.hours",
                        saved,
                        work -> work.of(kind).wattHours().orElse(0))
                .tag("device", kind)
                .description("What devices would have drawn in those seconds, where hosts say what they draw")
                .register(registry);
    }

    /** Counts a request that ended. */
    public void ended(RequestRecord request) {
        Counter.builder("kvern.requests")
                .description("Requests that ended")
                .tag("outcome", request.outcome().name().toLowerCase(Locale.ROOT))
                .register(registry)
                .increment();
        if (request.timed()) {
            boolean hit = request.cachedTokens() > 0;
            Timer.builder("kvern.ttft")
                    .description("From a request's arrival at the coordinator to its first token")
                    .tag("reuse", hit ? "hit" : "miss")
                    .serviceLevelObjectives(TTFT_BUCKETS)
                    .register(registry)
                    .record((long) (request.ttftMillis() * 1_000), TimeUnit.MICROSECONDS);
        }
    }

    /**
     * Counts a request to the HTTP API.
     *
     * @param path one of few
     * @param status of HTTP
     */
    public void served(String path, int status) {
        Counter.builder("kvern.http.requests")
                .description("Requests to the HTTP API")
                .tag("path", path)
                .tag("status", Integer.toString(status))
                .register(registry)
                .increment();
    }

    /** The text that Prometheus reads. */
    public synchronized String scrape() {
        totals = figures.totals();
        saved.sums().forEach(sum -> saved(sum.kind()));
        List<MemberStatus> now = members.current().sorted();
        up.register(
                now.stream()
                        .map(m -> MultiGauge.Row.of(
                                Tags.of("id", m.id(), "role", m.isRunner() ? "runner" : "node"),
                                m.member().getState() == MemberState.MEMBER_STATE_UP ? 1 : 0))
                        .toList(),
                true);
        for (MemberGauge each : memberGauges) {
            each.gauge()
                    .register(
                            now.stream()
                                    .filter(m -> m.member().getRole() == each.role())
                                    .map(m -> MultiGauge.Row.of(
                                            Tags.of("id", m.id()), each.value().applyAsDouble(m)))
                                    .toList(),
                            true);
        }
        return registry.scrape();
    }
}
