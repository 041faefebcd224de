package dev.kvern.launcher.bench.store;

import dev.kvern.block.BlockKey;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.runner.tier.TierOptions;
import io.grpc.ManagedChannel;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

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
    private final Function<String, ManagedChannel> connect;

    /**
     * @param node closed with this
     * @param connect opens a channel to the node's address
     */
    KvernContender(String name, StoreNode node, Function<String, ManagedChannel> connect) {
        this.name = name;
        this.node = node;
        this.connect = connect;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Connection connect() {
        var client = new BlockStoreClient(OPTIONS, connect, System::nanoTime);
        client.setNodes(List.of(node.address()));
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
    public void close() {
        node.close();
    }

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
