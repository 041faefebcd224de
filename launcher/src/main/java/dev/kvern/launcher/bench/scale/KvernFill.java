package dev.kvern.launcher.bench.scale;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.bench.HeapMemory;
import dev.kvern.launcher.bench.JvmConnection;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.v1.DeleteRequest;
import dev.kvern.v1.StatsResponse;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;

/** A cache node through the runner's own client. */
final class KvernFill implements FillStore {
    private final String name;
    private final ServiceProcess process;
    private final ScaleNode node;
    private final int blockBytes;
    private final JvmConnection jvm;

    /** @param process ended with this */
    KvernFill(String name, ServiceProcess process, int blockBytes) {
        this.name = name;
        this.process = process;
        this.node = new ScaleNode(process);
        this.blockBytes = blockBytes;
        this.jvm = JvmConnection.attach(process);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Connection connect() {
        return new TierConnection(name, PatientClient.of(List.of(node.address())), blockBytes);
    }

    @Override
    public void delete(List<BlockKey> keys) {
        var request = DeleteRequest.newBuilder();
        keys.forEach(key -> request.addKeys(key.toByteString()));
        var ignored = node.blocks().delete(request.build());
    }

    @Override
    public long cpuNanos() {
        return CpuTime.of(process.pid()).nanos();
    }

    @Override
    public Footprint footprint() {
        StatsResponse stats = node.stats();
        try {
            return new Footprint(
                    stats.getPrimaryBlocks(),
                    stats.getCounters().getEvictedBlocks() + stats.getCounters().getEvictedGoneBlocks(),
                    stats.getUsedBytes(),
                    HeapMemory.usedAfterCollection(jvm.beans()));
        } catch (IOException e) {
            throw new KvernException(ErrorReason.UNAVAILABLE, name + ": its heap cannot be read: " + e, e);
        }
    }

    @Override
    public void close() {
        jvm.close();
        node.close();
        process.close();
    }

    private record TierConnection(String name, BlockStoreClient client, int blockBytes) implements Connection {
        @Override
        public void put(List<Chains.Block> blocks) {
            PutOutcome outcome = client.put(blocks);
            require("put", outcome, outcome instanceof PutOutcome.Stored stored && stored.stored() == blocks.size());
        }

        @Override
        public void get(List<BlockKey> keys) {
            FetchOutcome outcome = client.fetch(keys, blockBytes, (index, payload) -> {})
                    .outcome()
                    .join();
            require("get", outcome, outcome instanceof FetchOutcome.Hit);
        }

        @Override
        public void match(List<BlockKey> keys) {
            OptionalInt matched = client.match(keys);
            require("match", matched, matched.equals(OptionalInt.of(keys.size())));
        }

        private void require(String what, Object outcome, boolean asExpected) {
            if (!asExpected) {
                throw new KvernException(ErrorReason.INTERNAL, name + " " + what + ": " + outcome);
            }
        }

        @Override
        public void close() {
            client.close();
        }
    }
}
