package dev.kvern.runner.model;

import dev.kvern.block.ModelDigest;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.torch.TorchTransformer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face model directory whose configuration and tensor headers have been checked; the weights stay on disk
 * until they are asked for, and no file stays open. Thread-safe.
 */
public final class ModelDirectory {
    private final Path path;
    private final ModelConfig config;
    private final WeightPlan plan;
    private final long weightBytes;
    private final FileStamps stamps;

    /** Of all that was read, for the digest and to be loaded. */
    private final TensorChecksums checksums = new TensorChecksums();

    /** Guarded by this. */
    private @Nullable ModelDigest digest;

    private ModelDirectory(Path path, FileStamps stamps, ModelConfig config, WeightPlan plan, long weightBytes) {
        this.path = path;
        this.stamps = stamps;
        this.config = config;
        this.plan = plan;
        this.weightBytes = weightBytes;
    }

    /**
     * Reads config.json and the headers of the weights.
     *
     * @throws KvernException MISCONFIGURED, with file, value and expectation, if they cannot be used
     */
    public static ModelDirectory open(Path path) {
        if (!Files.isDirectory(path)) {
            throw KvernException.misconfigured("model directory", path, "a directory with a config.json");
        }
        FileStamps stamps = FileStamps.of(path);
        ModelConfig config = ModelConfig.read(path.resolve("config.json"));
        WeightPlan plan = WeightPlan.of(config);
        try (Checkpoint checkpoint = Checkpoint.open(path, plan.tensors())) {
            long bytes = checkpoint.tensors().values().stream()
                    .mapToLong(tensor -> tensor.entry().bytes())
                    .sum();
            return new ModelDirectory(path, stamps, config, plan, bytes);
        }
    }

    public Path path() {
        return path;
    }

    public ModelConfig config() {
        return config;
    }

    /** Bytes of the tensors that the model uses, as stored. */
    public long weightBytes() {
        return weightBytes;
    }

    /**
     * The digest of configuration and weights, computed at the first call from all of the weights' bytes. PyTorch is not
     * needed.
     */
    public synchronized ModelDigest digest(ProgressListener progress) {
        if (digest == null) {
            try (Checkpoint checkpoint = Checkpoint.open(path, plan.tensors())) {
                digest = ContentDigest.of(config, checkpoint, checksums, new ProgressCounter(progress, weightBytes));
            }
        }
        return digest;
    }

    /**
     * Loads the weights onto a device, and computes the digest if that has not been done. Progress counts both. Afterwards
     * the directory is not needed any more.
     *
     * @throws KvernException MISCONFIGURED if the device is not there, or a file of the directory is not what it was when this
     *     was opened
     */
    public Transformer load(LoadOptions options, ProgressListener progress) {
        var counter = new ProgressCounter(progress, 2 * weightBytes);
        try (Checkpoint checkpoint = Checkpoint.open(path, plan.tensors())) {
            CompletableFuture<ModelDigest> digesting =
                    CompletableFuture.supplyAsync(() -> digestWhileLoading(checkpoint, counter));
            try {
                return TorchTransformer.load(config, plan, checkpoint, options, checksums, counter, () -> {
                    ModelDigest digested = digesting.join();
                    stamps.requireUnchanged();
                    return digested;
                });
            } catch (CompletionException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : e;
            } finally {
                // It reads the checkpoint, which is about to be closed.
                digesting.handle((done, failed) -> 0).join();
            }
        }
    }

    private synchronized ModelDigest digestWhileLoading(Checkpoint checkpoint, ProgressCounter counter) {
        if (digest == null) {
            digest = ContentDigest.of(config, checkpoint, checksums, counter);
        } else {
            counter.add(weightBytes);
        }
        return digest;
    }
}
