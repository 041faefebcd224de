package dev.kvern.launcher;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.config.ConfigException;
import dev.kvern.node.NodeConfig;
import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.model.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code kvern size}: what a model's keys and values take, and what nodes need to keep prompts. */
@Command(
        name = "size",
        mixinStandardHelpOptions = true,
        description =
                "Says how many bytes a token's keys and values take, and how much memory cache nodes need for some prompts.")
final class SizeCommand implements Callable<Integer> {
    private static final int BLOCK_TOKENS = 16;

    @Option(
            names = "--model",
            paramLabel = "PATH",
            required = true,
            description = "Model directory, or only its config.json.")
    private Path model = Path.of("");

    @Option(
            names = "--device",
            defaultValue = "cuda",
            description = "The runners' device, which decides what auto is (default: ${DEFAULT-VALUE}).")
    private String device = "";

    @Option(
            names = "--compute-dtype",
            defaultValue = "auto",
            description =
                    "The runners' model.compute_dtype (default: ${DEFAULT-VALUE}: bf16 on CUDA, fp32 on the CPU).")
    private String computeDtype = "";

    @Option(
            names = "--chunk-tokens",
            defaultValue = "64",
            description = "The runners' kv.chunk_tokens (default: ${DEFAULT-VALUE}).")
    private int chunkTokens;

    @Option(
            names = "--prompts",
            defaultValue = "1000",
            description = "Different prompts, or conversations, that are to be kept (default: ${DEFAULT-VALUE}).")
    private long prompts;

    @Option(
            names = "--prompt-tokens",
            defaultValue = "4096",
            description = "Tokens of each, a conversation's history included (default: ${DEFAULT-VALUE}).")
    private long promptTokens;

    @Option(
            names = "--shared-tokens",
            defaultValue = "0",
            description = "Of these, what all prompts of a tenant begin with (default: ${DEFAULT-VALUE}).")
    private long sharedTokens;

    @Option(
            names = "--tenants",
            defaultValue = "1",
            description =
                    "Tenants, or users with a cache salt of their own: they share nothing (default: ${DEFAULT-VALUE}).")
    private long tenants;

    @Option(names = "--nodes", defaultValue = "3", description = "Cache nodes (default: ${DEFAULT-VALUE}).")
    private int nodes;

    @Option(
            names = "--backups",
            paramLabel = "N",
            description = "The nodes' backups (default: what nodes have by default).")
    private @Nullable Integer backups;

    @Option(names = "--json", description = "As one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws ConfigException {
        check("--chunk-tokens", chunkTokens, 1, 1 << 20);
        check("--prompts", prompts, 1, Integer.MAX_VALUE);
        check("--prompt-tokens", promptTokens, 1, Integer.MAX_VALUE);
        check("--shared-tokens", sharedTokens, 0, promptTokens);
        check("--tenants", tenants, 1, prompts);
        check("--nodes", nodes, 1, 10_000);
        NodeConfig defaults = NodeConfig.loader().load(null, List.of()).config();
        int copies = backups == null ? defaults.backups() : backups;
        check("--backups", copies, 0, 16);

        ModelConfig config = ModelConfig.read(Files.isDirectory(model) ? model.resolve("config.json") : model);
        LoadOptions options = LoadOptions.of(device, computeDtype, 0, BLOCK_TOKENS);
        var size = new TierSize(
                Math.multiplyExact(
                        config.kvValuesPerToken(), options.computeType().bytes()),
                chunkTokens,
                nodes,
                copies);
        var kept = new TierSize.Prompts(prompts, promptTokens, sharedTokens, tenants);
        System.out.println(json ? object(size, kept, defaults.memory()) : text(size, kept, defaults.memory(), options));
        return 0;
    }

    private static void check(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new UsageException(option + ": " + value + " (expected: " + least + " to " + most + ")");
        }
    }

    private static String object(TierSize size, TierSize.Prompts kept, NodeConfig.Memory memory) {
        ObjectNode all = new ObjectMapper().createObjectNode();
        all.put("bytes_per_token", size.bytesPerToken());
        all.put("chunk_bytes", size.chunkBytes());
        all.put("stored_chunk_bytes", size.storedChunkBytes());
        all.put("chunks", size.chunks(kept));
        all.put("copies", size.copies());
        all.put("cluster_bytes", size.clusterBytes(kept));
        all.put("region_bytes", size.regionBytes(kept, memory));
        return all.toString();
    }

    private static String text(TierSize size, TierSize.Prompts kept, NodeConfig.Memory memory, LoadOptions options) {
        return String.join(
                System.lineSeparator(),
                "%,d bytes a token (%s), %,d a chunk of %d tokens, %,d as a node stores it"
                        .formatted(
                                size.bytesPerToken(),
                                options.kvDtype(),
                                size.chunkBytes(),
                                size.chunkTokens(),
                                size.storedChunkBytes()),
                "%,d prompts of %,d tokens, of which %,d are shared within each of %,d tenants: %,d chunks"
                        .formatted(
                                kept.prompts(),
                                kept.promptTokens(),
                                kept.sharedTokens(),
                                kept.tenants(),
                                size.chunks(kept)),
                "%s in the cluster, %d copies of each".formatted(gibi(size.clusterBytes(kept)), size.copies()),
                "memory.region_bytes=%d on each of %d nodes (%s)"
                        .formatted(size.regionBytes(kept, memory), size.nodes(), gibi(size.regionBytes(kept, memory))));
    }

    private static String gibi(long bytes) {
        return "%,.2f GiB".formatted((double) bytes / (1L << 30));
    }
}
