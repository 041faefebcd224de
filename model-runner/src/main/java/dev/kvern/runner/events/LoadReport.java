package dev.kvern.runner.events;

import dev.kvern.runner.engine.Engine;
import dev.kvern.runner.engine.EngineLoad;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.PoolUsage;
import dev.kvern.runner.tier.OffloadStats;
import dev.kvern.runner.tier.TierCounters;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.RunnerLoad;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Fills in the load of a runner's heartbeats. Safe for use by several threads. */
public final class LoadReport implements Consumer<HeartbeatRequest.Builder> {
    private final Engine engine;
    private final BlockPool pool;
    private final Supplier<OffloadStats> offload;
    private final TierCounters tier;

    public LoadReport(Engine engine, BlockPool pool, Supplier<OffloadStats> offload, TierCounters tier) {
        this.engine = engine;
        this.pool = pool;
        this.offload = offload;
        this.tier = tier;
    }

    @Override
    public void accept(HeartbeatRequest.Builder heartbeat) {
        EngineLoad load = engine.load();
        PoolUsage usage = pool.usage();
        OffloadStats offloaded = offload.get();
        heartbeat.setRunner(RunnerLoad.newBuilder()
                .setRunningRequests(load.running())
                .setQueuedRequests(load.queued())
                .setQueuedPrefillTokens(load.queuedPrefillTokens())
                .setPoolBlocks(usage.total())
                .setUsedBlocks(usage.used())
                .setCachedBlocks(usage.cached())
                .setRequestedTokens(load.requestedTokens())
                .setCachedLocalTokens(load.localTokens())
                .setCachedClusterTokens(load.clusterTokens())
                .setComputedTokens(load.computedTokens())
                .setGeneratedTokens(load.generatedTokens())
                .setFinishedRequests(load.finishedRequests())
                .setFailedRequests(load.failedRequests())
                .setOffloadedBlocks(offloaded.offloadedChunks())
                .setOffloadDroppedBlocks(offloaded.droppedChunks())
                .setOffloadPendingBytes(offloaded.pendingBytes())
                .setFetchedBlocks(tier.fetchedChunks())
                .setFetchFailures(tier.fetchFailures())
                .setPrefillTokensPerSecond(load.prefillTokensPerSecond())
                .setDecodeSteps(load.decodeSteps())
                .setDecodedTokens(load.decodedTokens())
                .setPreemptions(load.preemptions())
                .setRecomputedTokens(load.recomputedTokens())
                .setRefusedRequests(load.refusedRequests())
                .setAdmittedRequests(load.admissions())
                .setQueueMillis(load.queueNanos() / 1e6));
    }
}
