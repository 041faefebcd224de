package dev.kvern.launcher;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.DrainRequest;
import dev.kvern.v1.DrainResponse;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kvern cache drain}. */
@Command(
        name = "drain",
        mixinStandardHelpOptions = true,
        description = "Moves a node's blocks to the other nodes and ends it. If that takes too long it stays.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:drained, the process ends", "1:not drained in time or at all, the node stays"})
final class CacheDrainCommand implements Callable<Integer> {
    private static final long MAX_SECONDS = 86_400;

    /** Other nodes may be slow to answer when the deadline has passed. */
    private static final long MORE_SECONDS = 30;

    @Mixin
    private CacheTarget target = new CacheTarget();

    @Parameters(
            arity = "0..1",
            paramLabel = "NODE",
            description = "The node's id, as kvern stats shows it; left out with --node.")
    private @Nullable String id;

    @Option(
            names = "--deadline",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "Longest time that it may take (default: ${DEFAULT-VALUE}).")
    private long deadlineSeconds;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    @Override
    public Integer call() {
        if (deadlineSeconds < 1 || deadlineSeconds > MAX_SECONDS) {
            throw new UsageException("--deadline: " + deadlineSeconds + " (expected: 1 to " + MAX_SECONDS + ")");
        }
        if ((id == null) != target.namesNode()) {
            throw new UsageException("NODE: " + (id == null ? "absent" : "'" + id + "' beside --node")
                    + " (expected: a node's id, or its address as --node HOST:PORT)");
        }
        DrainRequest request = DrainRequest.newBuilder()
                .setDeadlineMillis(TimeUnit.SECONDS.toMillis(deadlineSeconds))
                .build();
        DrainResponse answer = id == null
                ? target.ask(deadlineSeconds + MORE_SECONDS, stub -> stub.drain(request))
                : target.ask(id, deadlineSeconds + MORE_SECONDS, stub -> stub.drain(request));
        if (json) {
            CacheCommand.printJson(json(answer));
        } else {
            print(answer);
        }
        return answer.getDrained() ? 0 : Kvern.FAILED;
    }

    private static void print(DrainResponse answer) {
        double seconds = answer.getTookMillis() / 1_000.0;
        if (answer.getDrained()) {
            System.out.printf(
                    "%s drained in %.1f s and ends: it held %,d blocks, %,d of them without another copy%n",
                    answer.getNodeId(), seconds, answer.getBlocks(), answer.getOnlyCopies());
        } else {
            System.out.printf(
                    "%s not drained in %.1f s, it stays: %,d of its %,d blocks have no other copy yet%n",
                    answer.getNodeId(), seconds, answer.getOnlyCopiesLeft(), answer.getBlocks());
        }
        if (answer.getBlocksWithoutRoom() > 0 || answer.getEvictedElsewhere() > 0) {
            System.out.printf(
                    "the other nodes had no room for about %,d blocks; they evicted %,d meanwhile%n",
                    answer.getBlocksWithoutRoom(), answer.getEvictedElsewhere());
        }
    }

    private static ObjectNode json(DrainResponse answer) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("node", answer.getNodeId())
                .put("drained", answer.getDrained())
                .put("blocks", answer.getBlocks())
                .put("only_copies", answer.getOnlyCopies())
                .put("only_copies_left", answer.getOnlyCopiesLeft())
                .put("blocks_without_room", answer.getBlocksWithoutRoom())
                .put("evicted_elsewhere", answer.getEvictedElsewhere())
                .put("took_millis", answer.getTookMillis());
    }
}
