package dev.kvern.launcher.bench.store;

import dev.kvern.block.BlockKey;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.runner.tier.TierOptions;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;

/** The cache node through the runner's own client. */
final class KvernContender implements StoreContender {
    /** The runner's, with more time: on a busy machine a slow operation is a figure, not a miss. */
    private static final TierOptions OPTIONS = new TierOptions(
            60_000,
            60_000,
            60_000,
            TierOptions.DEFAULTS.messageBytes(),
            TierOptions.DEFAULTS.sickAfterFailures(),
            TierOptions.DEFAULTS.sickMillis());

    private final String name;
    private final StoreNode node;
    private final String target;

    /**
     * @param node not closed here: there are several ways to one node
     * @param target where the node is reached
     */
    KvernContender(String name, StoreNode node, String target) {
        this.name = name;
        this.node = node;
        this.target = target;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Connection connect() {
        var client = new BlockStoreClient(OPTIONS, GrpcChannels::open, System::nanoTime);
        client.setNodes(List.of(target));
        return new TierConnection(client);
    }

    @Override
    public void delete(List<BlockKey> keys) {
        node.delete(keys);
    }

    @Override
    public OptionalLong serverAllocatedBytes() {
        return node.allocatedBytes();
    }

    @Override
    public void close() {}

    private record TierConnection(BlockStoreClient client) implements Connection {
        @Override
        public void put(BlockKey key, Payload payload) {
            PutOutcome outcome = client.put(List.of(payload.under(key)));
            if (!(outcome instanceof PutOutcome.Stored stored) || stored.stored() != 1) {
                throw failed("put", key, outcome);
            }
        }

        @Override
        public int get(BlockKey key, int valueBytes) {
            var arrived = new AtomicInteger();
            FetchOutcome outcome = client.fetch(
                            List.of(key), valueBytes, (index, payload) -> arrived.addAndGet(payload.remaining()))
                    .outcome()
                    .join();
            if (!(outcome instanceof FetchOutcome.Hit)) {
                throw failed("get", key, outcome);
            }
            return arrived.get();
        }

        private static KvernException failed(String what, BlockKey key, Object outcome) {
            return new KvernException(ErrorReason.INTERNAL, "kvern " + what + " of " + key + ": " + outcome);
        }

        @Override
        public void close() {
            client.close();
        }
    }
}
