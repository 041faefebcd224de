package dev.kvern.runner;

import dev.kvern.cluster.ClusterId;
import dev.kvern.config.ConfigLoader;
import dev.kvern.config.Problems;
import dev.kvern.config.Validated;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.engine.EngineOptions;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.tier.FetchPolicy;
import dev.kvern.runner.tier.OffloadOptions;
import dev.kvern.runner.tier.OffloadPolicy;
import dev.kvern.runner.tier.TierOptions;
import dev.kvern.telemetry.TelemetryConfig;
import java.util.List;

/** A model-runner's configuration; runner-defaults.yaml beside this record says what each key means. */
public record RunnerConfig(
        String id,
        Listen listen,
        String advertiseHost,
        String coordinator,
        String clusterId,
        ModelSection model,
        Kv kv,
        EngineSection engine,
        Host host,
        Offload offload,
        Tier tier,
        Shutdown shutdown,
        TelemetryConfig telemetry)
        implements Validated {
    private static final int MAX_MILLIS = 3_600_000;

    /** Where the gRPC server listens. */
    public record Listen(String host, int grpcPort) {}

    /** The model and how it is loaded. */
    public record ModelSection(String path, String name, String device, String computeDtype, int threads) {
        LoadOptions loadOptions(Kv kv) {
            return LoadOptions.of(device, computeDtype, threads, Math.max(1, kv.blockTokens))
                    .withChunkTokens(Math.max(1, kv.chunkTokens));
        }
    }

    /** The KV pool. */
    public record Kv(int blockTokens, int chunkTokens, long poolBytes, double poolFraction) {
        private static final long AUTO = 0;

        boolean autoPool() {
            return poolBytes == AUTO;
        }
    }

    /** The engine's limits. */
    public record EngineSection(
            int prefillTokens,
            int maxRunning,
            int queue,
            int ageingMillis,
            int stalledReaderMillis,
            boolean shareGenerated) {}

    /** Memory between the pool and the cache tier. */
    public record Host(long bytes) {
        private static final long AUTO = -1;
        private static final long AUTO_ON_CUDA = 4L << 30;

        boolean auto() {
            return bytes == AUTO;
        }

        long bytes(DeviceSpec device) {
            return !auto() ? bytes : device.cuda() ? AUTO_ON_CUDA : 0;
        }
    }

    /** What is sent to the cache tier, and when. */
    public record Offload(String policy, int afterUses, int sharePercent, long stagingBytes) {
        /** Of a valid configuration. */
        OffloadPolicy chosen() {
            return OffloadPolicy.named(policy).orElseThrow();
        }
    }

    /** The way to the cache tier. */
    public record Tier(
            boolean enabled,
            List<String> nodes,
            String fetchPolicy,
            int fetchTimeoutMillis,
            int matchTimeoutMillis,
            int putTimeoutMillis,
            int messageBytes,
            int sickAfterFailures,
            int sickMillis,
            long offloadQueueBytes,
            int offloadBatchChunks,
            int offloadRecheckMillis,
            int offloadYieldMillis) {
        public Tier {
            nodes = List.copyOf(nodes);
        }

        TierOptions tierOptions() {
            return new TierOptions(
                    fetchTimeoutMillis,
                    matchTimeoutMillis,
                    putTimeoutMillis,
                    messageBytes,
                    sickAfterFailures,
                    sickMillis);
        }

        /** Of a valid configuration. */
        FetchPolicy chosenFetchPolicy() {
            return FetchPolicy.named(fetchPolicy).orElseThrow();
        }
    }

    /** What happens on SIGTERM. */
    public record Shutdown(int graceMillis) {}

    /** Of a valid configuration. */
    DeviceSpec device() {
        return DeviceSpec.parse(model.device);
    }

    OffloadOptions offloadOptions() {
        return new OffloadOptions(
                tier.offloadQueueBytes,
                tier.offloadBatchChunks,
                tier.offloadRecheckMillis,
                tier.offloadYieldMillis,
                offload.stagingBytes,
                OffloadOptions.DEFAULTS.retryMillis(),
                offloadSharePercent());
    }

    private int offloadSharePercent() {
        if (offload.sharePercent > 0) {
            return offload.sharePercent;
        }
        return device().cuda() ? 100 : OffloadOptions.DEFAULTS.sharePercent();
    }

    public static ConfigLoader<RunnerConfig> loader() {
        return new ConfigLoader<>(RunnerConfig.class, "runner-defaults.yaml");
    }

    EngineOptions engineOptions() {
        return new EngineOptions(
                kv.blockTokens,
                kv.chunkTokens,
                engine.prefillTokens,
                engine.maxRunning,
                engine.queue,
                engine.ageingMillis,
                engine.stalledReaderMillis,
                engine.shareGenerated);
    }

    @Override
    public void validate(Problems problems) {
        problems.range("listen.grpc_port", listen.grpcPort, 0, 65_535);
        problems.check(!listen.host.isBlank(), "listen.host", "''", "an address of this machine");
        problems.check(ClusterId.isValid(clusterId), "cluster_id", "'" + clusterId + "'", ClusterId.expected());
        if (!coordinator.isEmpty()) {
            problems.addresses("coordinator", coordinator);
        }
        validateModel(problems);
        int block = kv.blockTokens;
        problems.check(
                block >= 1 && block <= 256 && Integer.bitCount(block) == 1,
                "kv.block_tokens",
                block,
                "a power of two, 1 to 256");
        boolean chunks = block >= 1
                && kv.chunkTokens % block == 0
                && kv.chunkTokens <= 4_096
                && kv.chunkTokens / block >= 1
                && Integer.bitCount(kv.chunkTokens / block) == 1;
        problems.check(chunks, "kv.chunk_tokens", kv.chunkTokens, "kv.block_tokens times a power of two, at most 4096");
        problems.check(
                kv.autoPool() || (kv.poolBytes >= 1 << 20 && kv.poolBytes <= 1L << 50),
                "kv.pool_bytes",
                kv.poolBytes,
                "0, or " + (1 << 20) + " to " + (1L << 50));
        problems.check(
                kv.poolFraction > 0 && kv.poolFraction <= 1, "kv.pool_fraction", kv.poolFraction, "above 0, at most 1");
        problems.range("engine.prefill_tokens", engine.prefillTokens, 1, 1 << 20);
        problems.check(
                !chunks || engine.prefillTokens <= kv.chunkTokens || engine.prefillTokens % kv.chunkTokens == 0,
                "engine.prefill_tokens",
                engine.prefillTokens,
                "a multiple of kv.chunk_tokens, " + kv.chunkTokens + ", or less than that for one chunk");
        problems.range("engine.max_running", engine.maxRunning, 1, 1_024);
        problems.range("engine.queue", engine.queue, 1, 1_000_000);
        problems.range("engine.ageing_millis", engine.ageingMillis, 1, MAX_MILLIS);
        problems.range("engine.stalled_reader_millis", engine.stalledReaderMillis, 100, MAX_MILLIS);
        problems.check(
                host.auto() || (host.bytes >= 0 && host.bytes <= 1L << 50),
                "host.bytes",
                host.bytes,
                "-1, or 0 to " + (1L << 50));
        problems.check(
                OffloadPolicy.named(offload.policy).isPresent(),
                "offload.policy",
                "'" + offload.policy + "'",
                "write_through, after_uses or on_eviction");
        problems.range("offload.after_uses", offload.afterUses, 1, 1_000_000);
        problems.range("offload.share_percent", offload.sharePercent, 0, 100);
        problems.range("offload.staging_bytes", offload.stagingBytes, 0, 1L << 50);
        problems.check(
                FetchPolicy.named(tier.fetchPolicy).isPresent(),
                "tier.fetch_policy",
                "'" + tier.fetchPolicy + "'",
                "always, measured or overlap");
        for (int i = 0; i < tier.nodes.size(); i++) {
            problems.check(
                    GrpcChannels.isTarget(tier.nodes.get(i)),
                    "tier.nodes[" + i + "]",
                    "'" + tier.nodes.get(i) + "'",
                    "HOST:PORT, or unix:// and the absolute path of a node's socket");
        }
        problems.range("tier.fetch_timeout_millis", tier.fetchTimeoutMillis, 1, MAX_MILLIS);
        problems.range("tier.match_timeout_millis", tier.matchTimeoutMillis, 1, MAX_MILLIS);
        problems.range("tier.put_timeout_millis", tier.putTimeoutMillis, 1, MAX_MILLIS);
        problems.range("tier.message_bytes", tier.messageBytes, 4_096, GrpcServer.MAX_MESSAGE_BYTES / 2);
        problems.range("tier.sick_after_failures", tier.sickAfterFailures, 1, 1_000);
        problems.range("tier.sick_millis", tier.sickMillis, 1, MAX_MILLIS);
        problems.range("tier.offload_queue_bytes", tier.offloadQueueBytes, 0, 1L << 50);
        problems.range("tier.offload_batch_chunks", tier.offloadBatchChunks, 1, 4_096);
        problems.range("tier.offload_recheck_millis", tier.offloadRecheckMillis, 0, MAX_MILLIS);
        problems.range("tier.offload_yield_millis", tier.offloadYieldMillis, 0, MAX_MILLIS);
        problems.range("shutdown.grace_millis", shutdown.graceMillis, 0, MAX_MILLIS);
        telemetry.validate(problems);
    }

    private void validateModel(Problems problems) {
        problems.check(
                !model.path.isBlank(), "model.path", "''", "a Hugging Face model directory: --set model.path=DIR");
        try {
            model.loadOptions(kv);
        } catch (KvernException e) {
            problems.check(
                    false,
                    "model",
                    String.valueOf(e.getMessage()),
                    "device, compute_dtype and threads that go together");
        }
    }
}
