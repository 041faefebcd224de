package dev.kvern.launcher;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.Namespace;
import dev.kvern.block.NamespaceId;
import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.model.ModelDirectory;
import dev.kvern.runner.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code kvern keys}: why two prompts share blocks, or do not. */
@Command(
        name = "keys",
        mixinStandardHelpOptions = true,
        description =
                "Prints the digest of every full block of a prompt and, given a model, its namespace and store keys.")
final class KeysCommand implements Callable<Integer> {
    @ArgGroup(multiplicity = "1")
    private Source source = new Source();

    @Option(
            names = "--block-tokens",
            defaultValue = "16",
            description = "Tokens in a block (default: ${DEFAULT-VALUE}).")
    private int blockTokens;

    @Option(
            names = "--chunk-tokens",
            defaultValue = "64",
            description = "Tokens in what the tier stores under one key (default: ${DEFAULT-VALUE}).")
    private int chunkTokens;

    @Option(names = "--model", paramLabel = "DIR", description = "Model directory; --prompt needs its tokenizer.")
    private @Nullable Path model;

    @Option(
            names = "--compute-dtype",
            defaultValue = "fp32",
            description = "The runners' compute type; part of the namespace (default: ${DEFAULT-VALUE}).")
    private String computeDtype = "";

    @Option(
            names = "--device",
            defaultValue = "cpu",
            description =
                    "The runners' device: fp16 is kept otherwise on the CPU than on CUDA (default: ${DEFAULT-VALUE}).")
    private String device = "";

    @Option(names = "--cache-salt", paramLabel = "TEXT", description = "The tenant's salt; part of the namespace.")
    private String salt = "";

    /** Where the tokens come from. */
    static final class Source {
        @Option(names = "--prompt", paramLabel = "TEXT", description = "A text for the model's tokenizer.")
        private @Nullable String prompt;

        @Option(names = "--tokens", paramLabel = "1,2,3", split = ",", description = "Token ids.")
        private @Nullable List<Integer> tokens;
    }

    @Override
    public Integer call() {
        if (blockTokens < 1) {
            throw new UsageException("--block-tokens: " + blockTokens + " (expected: at least 1)");
        }
        // Without a model there are no store keys, and chunks do not matter.
        if (model != null
                && (chunkTokens < blockTokens
                        || chunkTokens % blockTokens != 0
                        || Integer.bitCount(chunkTokens / blockTokens) != 1)) {
            throw new UsageException("--chunk-tokens: " + chunkTokens
                    + " (expected: a power of two times --block-tokens, " + blockTokens + ")");
        }
        int[] tokens = tokens();
        List<BlockDigest> digests = new BlockChain(blockTokens).digests(tokens);
        System.out.printf(
                "%d tokens, %d full blocks of %d, %d tokens left over%n",
                tokens.length, digests.size(), blockTokens, tokens.length - digests.size() * blockTokens);
        NamespaceId namespace = model == null ? null : namespace(model);
        if (namespace != null) {
            System.out.println("namespace " + namespace.toHex());
        }
        for (int i = 0; i < digests.size(); i++) {
            String range = i * blockTokens + "-" + ((i + 1) * blockTokens - 1);
            boolean chunkEnds = (i + 1) * blockTokens % chunkTokens == 0;
            String key = namespace == null || !chunkEnds
                    ? ""
                    : "  key " + BlockKey.of(namespace, digests.get(i)).toHex();
            System.out.printf(
                    "block %d  tokens %s  digest %s%s%n",
                    i, range, digests.get(i).toHex(), key);
        }
        return 0;
    }

    private int[] tokens() {
        if (source.tokens != null) {
            int[] tokens = source.tokens.stream().mapToInt(Integer::intValue).toArray();
            for (int token : tokens) {
                if (token < 0) {
                    throw new UsageException("--tokens: " + token + " (expected: at least 0)");
                }
            }
            return tokens;
        }
        if (model == null) {
            throw new UsageException("--prompt: needs a tokenizer (expected: --model DIR beside it)");
        }
        try (Tokenizer tokenizer = Tokenizer.load(model)) {
            int[] tokens = tokenizer.encode(source.prompt == null ? "" : source.prompt, true);
            var ids = new StringBuilder();
            for (int token : tokens) {
                ids.append(ids.isEmpty() ? "" : ",").append(token);
            }
            System.out.println("tokens " + ids);
            return tokens;
        }
    }

    private NamespaceId namespace(Path directory) {
        var options = LoadOptions.of(device, computeDtype, 0, blockTokens);
        try (var bar = new ProgressBar("digesting " + directory)) {
            return new Namespace(
                            ModelDirectory.open(directory).digest(bar),
                            options.kvDtype(),
                            options.computeDtype(),
                            blockTokens,
                            chunkTokens,
                            "",
                            salt)
                    .id();
        }
    }
}
