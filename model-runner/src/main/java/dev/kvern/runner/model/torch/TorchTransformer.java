package dev.kvern.runner.model.torch;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.kvern.block.ModelDigest;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.Checkpoint;
import dev.kvern.runner.model.DecodeRow;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.model.ModelConfig;
import dev.kvern.runner.model.ModelSpec;
import dev.kvern.runner.model.NotFiniteException;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import dev.kvern.runner.model.ProgressCounter;
import dev.kvern.runner.model.TensorChecksums;
import dev.kvern.runner.model.Transformer;
import dev.kvern.runner.model.WeightPlan;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A transformer that PyTorch runs: one call into the program for each step. Native memory has one owner, closed with this.
 * {@link #step} and {@link #close} are confined to one thread at a time; the rest is immutable.
 */
public final class TorchTransformer implements Transformer {
    /** Longer ones that decode together, if they are many, are halved by the engine until they fit. */
    private static final int REHEARSED_DECODE_TOKENS = 8192;

    private final ModelSpec spec;
    private final LoadOptions options;
    private final PtNDManager owner;
    private final DecoderProgram program;
    private final StepInputs inputs;
    private final IValue weights;
    private final IValue scales;
    private final IValue shape;
    private final IValue windows;
    private final IValue eps;

    /** Null on the CPU. */
    private final @Nullable CudaProgram cuda;

    private boolean closed;

    private TorchTransformer(
            ModelSpec spec,
            ModelConfig config,
            LoadOptions options,
            PtNDManager owner,
            DecoderProgram program,
            LoadedWeights weights) {
        this.cuda = options.device().cuda() ? CudaProgram.load() : null;
        this.spec = spec;
        this.options = options;
        this.owner = owner;
        this.program = program;
        this.inputs = new StepInputs(owner);
        this.weights = IValue.listFrom(weights.tensors());
        this.scales = IValue.listFrom(weights.scales());
        this.shape = IValue.listFrom(new long[] {
            config.layers(),
            config.heads(),
            config.kvHeads(),
            config.headDim(),
            options.blockTokens(),
            // Bits do not depend on the number of rows on the CPU alone; a GPU has too little to do with a chunk's at a
            // time.
            options.device().cuda() ? Integer.MAX_VALUE : options.chunkTokens(),
            weights.kind()
        });
        this.windows = IValue.listFrom(
                config.windows().stream().mapToLong(Integer::longValue).toArray());
        this.eps = IValue.from(config.rmsNormEps());
    }

    /**
     * Loads a checkpoint's weights.
     *
     * @param checksums is told of each tensor that was read
     * @param digest asked once the weights are there, so that it may be computed meanwhile
     * @throws KvernException MISCONFIGURED if PyTorch or the device is not there, RESOURCE_EXHAUSTED if memory is short
     */
    public static TorchTransformer load(
            ModelConfig config,
            WeightPlan plan,
            Checkpoint checkpoint,
            LoadOptions options,
            TensorChecksums checksums,
            ProgressCounter progress,
            Supplier<ModelDigest> digest) {
        return PassingThread.call(
                "kvern-model-load", () -> loadHere(config, plan, checkpoint, options, checksums, progress, digest));
    }

    private static TorchTransformer loadHere(
            ModelConfig config,
            WeightPlan plan,
            Checkpoint checkpoint,
            LoadOptions options,
            TensorChecksums checksums,
            ProgressCounter progress,
            Supplier<ModelDigest> digest) {
        TorchRuntime.start(options.threads());
        PtNDManager owner = TorchRuntime.newManager();
        boolean loaded = false;
        try {
            DecoderProgram program = DecoderProgram.load(owner);
            checkDevice(program, owner, options);
            LoadedWeights weights =
                    new WeightLoader(program, owner, checkpoint, options, checksums, progress).load(config, plan);
            // What loading needed beside the weights is for others again.
            if (options.device().cuda()) {
                JniUtils.emptyCudaCache();
            }
            var transformer =
                    new TorchTransformer(spec(config, options, digest.get()), config, options, owner, program, weights);
            loaded = true;
            return transformer;
        } catch (EngineException e) {
            throw new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED,
                    "weights: cannot be loaded on " + options.device() + " as " + options.computeDtype()
                            + " (expected: enough memory" + freeText(options.device()) + "): "
                            + TorchFailures.reason(e),
                    e);
        } finally {
            if (!loaded) {
                owner.close();
            }
        }
    }

    private static void checkDevice(DecoderProgram program, PtNDManager owner, LoadOptions options) {
        DeviceSpec device = options.device();
        try {
            if (device.cuda() && !TorchRuntime.hasCuda()) {
                throw new EngineException("no CUDA device, or not a CUDA build");
            }
            program.empty(owner, new long[] {1}, options.computeType(), device).close();
        } catch (EngineException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "device: " + device + " (expected: a device that this PyTorch can use; CUDA needs a driver and"
                            + " PYTORCH_LIBRARY_PATH, PYTORCH_VERSION and PYTORCH_FLAVOR of a CUDA build): "
                            + TorchFailures.reason(e),
                    e);
        }
    }

    private static ModelSpec spec(ModelConfig config, LoadOptions options, ModelDigest digest) {
        return new ModelSpec(
                config.architecture().className(),
                config.contextTokens(),
                config.vocabularySize(),
                config.layers(),
                config.kvHeads(),
                config.headDim(),
                options.kvDtype(),
                options.computeDtype(),
                digest);
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public KvMemory allocate(int blocks) {
        if (blocks < 1) {
            throw KvernException.misconfigured("KV blocks", blocks, "at least 1");
        }
        int blockTokens = options.blockTokens();
        long blockBytes = (long) spec.kvBytesPerToken() * blockTokens;
        if (blockBytes > Integer.MAX_VALUE) {
            throw KvernException.misconfigured(
                    "block_tokens", blockTokens, "blocks below 2 GiB; one token has " + spec.kvBytesPerToken());
        }
        long bytes = blockBytes * blocks;
        OptionalLong available =
                options.device().cuda() ? OptionalLong.empty() : new HostMemory(Path.of("/")).available();
        if (available.isPresent() && bytes > available.getAsLong()) {
            throw noRoom(blocks, blockBytes, available.getAsLong() + " bytes of memory are free", null);
        }
        PtNDManager poolOwner = TorchRuntime.newManager();
        try {
            long[] shape = {spec.layers(), 2, blocks, blockTokens, spec.kvHeads(), spec.headDim()};
            PtNDArray pool = program.empty(poolOwner, shape, options.computeType(), options.device());
            if (options.device().cuda()) {
                // On the host only what was written is read, and memory that nobody touches is not taken.
                program.clear(pool);
            }
            return new TorchKvMemory(
                    program,
                    poolOwner,
                    pool,
                    copies(poolOwner, pool, blocks, (int) blockBytes),
                    blocks,
                    blockTokens,
                    (int) blockBytes);
        } catch (EngineException e) {
            poolOwner.close();
            throw noRoom(blocks, blockBytes, TorchFailures.reason(e), e);
        }
    }

    private BlockCopies copies(PtNDManager poolOwner, PtNDArray pool, int blocks, int blockBytes) {
        return cuda == null
                ? new PlaneCopies(program, poolOwner, pool, blocks, blockBytes, 2 * spec.layers())
                : new StagedCopies(
                        program,
                        poolOwner,
                        pool,
                        blockBytes,
                        cuda.stream(options.device()),
                        cuda.stream(options.device()),
                        new PinnedMemory(cuda)::allocate);
    }

    private static String freeText(DeviceSpec device) {
        OptionalLong free = freeBytes(device);
        return free.isPresent() ? ", " + free.getAsLong() + " bytes are free" : "";
    }

    private static OptionalLong freeBytes(DeviceSpec device) {
        return device.cuda() ? OptionalLong.of(CudaDriver.memory(device.index()).freeBytes()) : OptionalLong.empty();
    }

    @Override
    public OptionalLong freeDeviceBytes() {
        return freeBytes(options.device());
    }

    @Override
    public void rehearse(int rows, int sequences) {
        if (!options.device().cuda()) {
            return;
        }
        try (KvMemory one = allocate(1)) {
            // A table that names one block again and again stands for a prompt as long as the context.
            int context = spec.contextTokens();
            int count = Math.min(rows, context);
            step(one, new int[context / options.blockTokens() + 1], context - count, new int[count], count, 1);
            int position = Math.min(context, REHEARSED_DECODE_TOKENS) - 1;
            var row = new DecodeRow(new int[position / options.blockTokens() + 1], position, 0);
            decode(one, Collections.nCopies(sequences, row));
        } catch (EngineException | OutOfDeviceMemoryException e) {
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "memory of " + options.device() + ": a step of " + rows + " tokens at the end of a context of "
                            + spec.contextTokens() + ", or of " + sequences
                            + " requests, does not fit beside the weights"
                            + " (expected: a larger device, or a smaller engine.prefill_tokens or engine.max_running"
                            + freeText(options.device()) + "): " + TorchFailures.reason(e),
                    e);
        }
    }

    private KvernException noRoom(int blocks, long blockBytes, String found, @Nullable Throwable cause) {
        return new KvernException(
                ErrorReason.MISCONFIGURED,
                "KV pool: " + blocks * blockBytes + " bytes, " + blocks + " blocks of " + blockBytes + ", on "
                        + options.device() + ": " + found
                        + " (expected: a pool that fits beside the weights; kv.pool_bytes sets it)",
                cause);
    }

    @Override
    public float[] step(KvMemory kv, int[] blockTable, int position, int[] tokens, int rows, int logitRows) {
        TorchKvMemory pool = own(kv);
        int blocks = check(pool, blockTable, position, tokens, rows, logitRows);
        IValue stepInputs = inputs.set(tokens, rows, blockTable, blocks);
        long first = firstOfRun(blockTable, blocks);
        try (IValue call = IValue.listFrom(new long[] {position, rows, tokens.length, blocks, first, logitRows});
                IValue result = pool.use(
                        poolValue -> program.step(stepInputs, poolValue, weights, scales, shape, windows, call, eps));
                PtNDArray tensor = result.toTensor(owner)) {
            FloatBuffer values = tensor.toByteBuffer(true).asFloatBuffer();
            float[] logits = new float[Math.multiplyExact(logitRows, spec.vocabularySize())];
            values.get(logits);
            for (int layer = 0; layer < spec.layers(); layer++) {
                float sum = values.get();
                if (!Float.isFinite(sum)) {
                    throw new NotFiniteException("keys or values of layer " + layer + " at positions " + position
                            + " to " + (position + tokens.length - 1) + ": " + sum);
                }
            }
            return logits;
        }
    }

    @Override
    public float[] decode(KvMemory kv, List<DecodeRow> rows) {
        TorchKvMemory pool = own(kv);
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("no rows (expected: at least 1)");
        }
        long[] positions = new long[rows.size()];
        long[] firstBlocks = new long[rows.size()];
        int most = 0;
        for (int i = 0; i < positions.length; i++) {
            DecodeRow row = rows.get(i);
            int blocks = check(pool, row.blockTable(), row.position(), new int[] {row.token()}, 1, 1);
            most = Math.max(most, blocks);
            positions[i] = row.position();
            firstBlocks[i] = firstOfRun(row.blockTable(), blocks);
        }
        IValue decodeInputs = inputs.set(rows, most);
        try (IValue at = IValue.listFrom(positions);
                IValue first = IValue.listFrom(firstBlocks);
                IValue result = pool.use(poolValue ->
                        program.decode(decodeInputs, poolValue, weights, scales, shape, windows, at, first, eps))) {
            float[] logits = new float[Math.multiplyExact(positions.length, spec.vocabularySize())];
            try (PtNDArray tensor = result.toTensor(owner)) {
                tensor.toByteBuffer(true).asFloatBuffer().get(logits);
            }
            return logits;
        }
    }

    private TorchKvMemory own(KvMemory kv) {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
        if (!(kv instanceof TorchKvMemory pool) || !pool.belongsTo(program)) {
            throw new IllegalArgumentException("KV memory of another model (expected: one that allocate() returned)");
        }
        return pool;
    }

    /** The first of a table's blocks if they lie side by side in order, else -1. */
    private static int firstOfRun(int[] blockTable, int blocks) {
        for (int i = 1; i < blocks; i++) {
            if (blockTable[i] != blockTable[0] + i) {
                return -1;
            }
        }
        return blockTable[0];
    }

    /** Checks a step's arguments and returns how many blocks it touches. */
    private int check(TorchKvMemory pool, int[] blockTable, int position, int[] tokens, int rows, int logitRows) {
        if (tokens.length < 1 || tokens.length > rows) {
            throw new IllegalArgumentException(tokens.length + " tokens (expected: 1 to rows " + rows + ")");
        }
        if (logitRows < 0 || logitRows > tokens.length) {
            throw new IllegalArgumentException("logitRows " + logitRows + " (expected: 0 to " + tokens.length + ")");
        }
        if (position < 0 || position > spec.contextTokens() - tokens.length) {
            throw KvernException.invalid(
                    "position",
                    position + " with " + tokens.length + " tokens",
                    "within the context of " + spec.contextTokens());
        }
        int blocks = (position + tokens.length + pool.blockTokens() - 1) / pool.blockTokens();
        if (blockTable.length < blocks) {
            throw new IllegalArgumentException(
                    "block table of " + blockTable.length + " (expected: at least " + blocks + ")");
        }
        for (int i = 0; i < blocks; i++) {
            if (blockTable[i] < 0 || blockTable[i] >= pool.blocks()) {
                throw new IllegalArgumentException(
                        "block " + blockTable[i] + " (expected: 0 to " + (pool.blocks() - 1) + ")");
            }
        }
        for (int token : tokens) {
            if (token < 0 || token >= spec.vocabularySize()) {
                throw KvernException.invalid("token id", token, "0 to " + (spec.vocabularySize() - 1));
            }
        }
        return blocks;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            inputs.close();
            weights.close();
            scales.close();
            shape.close();
            windows.close();
            eps.close();
            program.close();
            owner.close();
            if (cuda != null) {
                cuda.close();
            }
        }
    }
}
