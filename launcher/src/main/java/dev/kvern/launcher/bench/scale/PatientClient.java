package dev.kvern.launcher.bench.scale;

import dev.kvern.rpc.GrpcChannels;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.TierOptions;
import java.util.Collection;

/** The runner's client to the cache tier, with more time: on a busy machine a slow operation is a figure, not a miss. Stateless. */
final class PatientClient {
    private static final TierOptions OPTIONS = new TierOptions(
            60_000,
            60_000,
            60_000,
            TierOptions.DEFAULTS.messageBytes(),
            TierOptions.DEFAULTS.sickAfterFailures(),
            TierOptions.DEFAULTS.sickMillis());

    private PatientClient() {}

    static BlockStoreClient of(Collection<String> nodes) {
        BlockStoreClient client = unconnected();
        client.setNodes(nodes);
        return client;
    }

    /** One that knows no node yet. */
    static BlockStoreClient unconnected() {
        return new BlockStoreClient(OPTIONS, GrpcChannels::open, System::nanoTime);
    }
}
