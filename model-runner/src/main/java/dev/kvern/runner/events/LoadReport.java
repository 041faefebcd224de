package dev.kvern.runner.events;

import dev.kvern.runner.engine.Engine;
import dev.kvern.runner.engine.EngineLoad;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.PoolUsage;
import dev.kvern.runner.tier.FetchPlan;
import dev.kvern.runner.tier.FetchPlanStats;
import dev.kvern.runner.tier.HostStats;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.OffloadStats;
import dev.kvern.runner.tier.TierCounters;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.RunnerLoad;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Fills in the load of a runner's heartbeats. Safe for use by several threads. */
public final class LoadReport implements Consumer<HeartbeatRequest.Builder> {
    private static final double NANOS_PER_MILLI = 1e6;

    private final Engine engine;
    private final BlockPool pool;
    private final Supplier<OffloadStats> offload;
    private final TierCounters tier;
    private final Supplier<HostStats> host;
    private final LongSupplier droppedAtEviction;
    private final Supplier<FetchPlanStats> plans;
    private final DoubleSupplier powerWatts;

    /**
     * @param droppedAtEviction chunks that left the pool and were kept nowhere
     * @param powerWatts what the device draws; 0 where nothing says
     */
    public LoadReport(
            Engine engine,
            BlockPool pool,
            Supplier<OffloadStats> offload,
            TierCounters tier,
            Supplier<HostStats> host,
            LongSupplier droppedAtEviction,
            Supplier<FetchPlanStats> plans,
            DoubleSupplier powerWatts) {
        this.engine = engine;
        this.pool = pool;
        this.offload = offload;
        this.tier = tier;
        this.host = host;
        this.droppedAtEviction = droppedAtEviction;
        this.plans = plans;
        this.powerWatts = powerWatts;
    }

    @Override
    public void accept(HeartbeatRequest.Builder heartbeat) {
        EngineLoad load = engine.load();
        PoolUsage usage = pool.usage();
        OffloadStats offloaded = offload.get();
        HostStats inHost = host.get();
        FetchPlanStats planned = plans.get();
        heartbeat.setRunner(RunnerLoad.newBuilder()
                .setRunningRequests(load.running())
                .setQueuedRequests(load.queued())
                .setQueuedPrefillTokens(load.queuedPrefillTokens())
                .setPoolBlocks(usage.total())
                .setUsedBlocks(usage.used())
                .setCachedBlocks(usage.cached())
                .setRequestedTokens(load.requestedTokens())
                .setCachedLocalTokens(load.localTokens())
                .setCachedHostTokens(load.hostTokens())
                .setCachedClusterTokens(load.clusterTokens())
                .setComputedTokens(load.computedTokens())
                .setGeneratedTokens(load.generatedTokens())
                .setFinishedRequests(load.finishedRequests())
                .setFailedRequests(load.failedRequests())
                .setOffloadedBlocks(offloaded.offloadedChunks())
                .setOffloadDroppedBlocks(offloaded.droppedChunks())
                .setOffloadFailedBlocks(offloaded.failedChunks())
                .setOffloadRejectedBlocks(offloaded.rejectedChunks())
                .setOffloadPendingBytes(offloaded.pendingBytes())
                .setFetchedBlocks(tier.fetchedChunks())
                .setHostCapacityBytes(inHost.capacityBytes())
                .setHostUsedBytes(inHost.usedBytes())
                .setHostCorruptBlocks(inHost.corruptChunks())
                .setEvictionDroppedBlocks(droppedAtEviction.getAsLong())
                .setPlansFetch(planned.decided(FetchPlan.Kind.FETCH))
                .setPlansCompute(planned.decided(FetchPlan.Kind.COMPUTE))
                .setPlansComputeQueue(planned.decided(FetchPlan.Kind.COMPUTE_QUEUE))
                .setPlansExplore(planned.decided(FetchPlan.Kind.EXPLORE))
                .setPlansOverlap(planned.decided(FetchPlan.Kind.OVERLAP))
                .setFetchEstimatedMillis(planned.estimatedNanos() / NANOS_PER_MILLI)
                .setFetchActualMillis(planned.actualNanos() / NANOS_PER_MILLI)
                .setBreakEvenTokens(planned.breakEvenTokens())
                .setFetchFailures(tier.fetchFailures())
                .setFetchTimeouts(tier.fetchesEndedBy(MissReason.TIMEOUT))
                .setFetchCorrupt(tier.fetchesEndedBy(MissReason.CORRUPT))
                .setFetchMalformed(tier.fetchesEndedBy(MissReason.MALFORMED))
                .setFetchNodeFailures(tier.fetchesEndedBy(MissReason.NODE_FAILED))
                .setFetchLocalFailures(tier.fetchesEndedBy(MissReason.LOCAL_FAILURE))
                .setFetchHitSeconds(tier.fetchHitSeconds())
                .setFetchMissSeconds(tier.fetchMissSeconds())
                .setFetchFailedSeconds(tier.fetchFailedSeconds())
                .setFetchBytes(tier.fetchBytes())
                .setPutSeconds(tier.putSeconds())
                .setPrefillTokensPerSecond(load.prefillTokensPerSecond())
                .setDecodeSteps(load.decodeSteps())
                .setDecodedTokens(load.decodedTokens())
                .setPreemptions(load.preemptions())
                .setRecomputedTokens(load.recomputedTokens())
                .setRefusedRequests(load.refusedRequests())
                .setAdmittedRequests(load.admissions())
                .setNotFiniteRequests(load.notFiniteRequests())
                .setMemoryShortages(load.memoryShortages())
                .setPowerWatts(powerWatts.getAsDouble())
                .setQueueMillis(load.queueNanos() / NANOS_PER_MILLI));
    }
}
