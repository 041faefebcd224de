package dev.kvern.runner.model.torch;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.kvern.runner.model.Checkpoint;
import dev.kvern.runner.model.ComputeType;
import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.model.ModelConfig;
import dev.kvern.runner.model.ProgressCounter;
import dev.kvern.runner.model.TensorChecksums;
import dev.kvern.runner.model.WeightPlan;
import dev.kvern.runner.model.WeightSlot;
import dev.kvern.runner.model.safetensors.TensorEntry;
import dev.kvern.runner.model.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * Copies a checkpoint's tensors into the device's memory in the order and shape that the program takes. Files are read, never
 * mapped, so that what becomes of them afterwards, and while this goes on, harms nobody. Confined to a thread.
 */
final class WeightLoader {
    private static final int SLICE_BYTES = 16 << 20;

    private final DecoderProgram program;
    private final PtNDManager owner;
    private final Checkpoint checkpoint;
    private final LoadOptions options;
    private final TensorChecksums checksums;
    private final ProgressCounter progress;
    private ByteBuffer slice = ByteBuffer.allocateDirect(SLICE_BYTES).order(ByteOrder.nativeOrder());
    private final Set<String> counted = new HashSet<>();

    WeightLoader(
            DecoderProgram program,
            PtNDManager owner,
            Checkpoint checkpoint,
            LoadOptions options,
            TensorChecksums checksums,
            ProgressCounter progress) {
        this.program = program;
        this.owner = owner;
        this.checkpoint = checkpoint;
        this.options = options;
        this.checksums = checksums;
        this.progress = progress;
    }

    /** The weights in the order of decoder.ts.py, owned by the manager. */
    LoadedWeights load(ModelConfig config, WeightPlan plan) {
        long kind = kind();
        var tensors = new ArrayList<PtNDArray>();
        var scales = new ArrayList<PtNDArray>();
        PtNDArray embedding = load(plan.embedding(), options.computeType());
        tensors.add(embedding);
        tensors.add(load(plan.norm(), options.computeType()));
        tensors.add(
                plan.output().parts().isEmpty() && kind == LoadedWeights.PLAIN
                        ? noScale(embedding, scales)
                        : matrix(plan.output().parts().isEmpty() ? plan.embedding() : plan.output(), kind, scales));
        tensors.add(program.frequencies(owner, config.headDim(), config.rope(), options.device()));
        for (int i = 0; i < plan.layers().size(); i++) {
            WeightSlot slot = plan.layers().get(i);
            tensors.add(WeightPlan.isMatrix(i) ? matrix(slot, kind, scales) : load(slot, options.computeType()));
        }
        return new LoadedWeights(tensors.toArray(PtNDArray[]::new), scales.toArray(PtNDArray[]::new), kind);
    }

    private long kind() {
        return switch (options.weights()) {
            case INT8 -> LoadedWeights.INT8;
            case FP16 -> LoadedWeights.FP16;
            case AS_COMPUTED ->
                !options.device().cuda() && options.computeType() == ComputeType.FP32 && canPack()
                        ? LoadedWeights.PACKED
                        : LoadedWeights.PLAIN;
        };
    }

    /** Whether this PyTorch has oneDNN, and this processor what that needs. */
    private boolean canPack() {
        try (PtNDArray probe = program.empty(owner, new long[] {16, 16}, ComputeType.FP32, options.device())) {
            program.pack(owner, probe, 1).close();
            return true;
        } catch (EngineException e) {
            return false;
        }
    }

    private PtNDArray matrix(WeightSlot slot, long kind, List<PtNDArray> scales) {
        if (kind == LoadedWeights.FP16) {
            return noScale(load(slot, ComputeType.FP16), scales);
        }
        PtNDArray plain = load(slot, options.computeType());
        if (kind == LoadedWeights.PLAIN) {
            return noScale(plain, scales);
        }
        try (plain) {
            if (kind == LoadedWeights.PACKED) {
                return noScale(program.pack(owner, plain, options.chunkTokens()), scales);
            }
            PtNDArray scale = program.scales(owner, plain);
            scales.add(scale);
            return program.quantize(owner, plain, scale);
        }
    }

    private PtNDArray noScale(PtNDArray matrix, List<PtNDArray> scales) {
        scales.add(program.empty(owner, new long[] {0}, options.computeType(), options.device()));
        return matrix;
    }

    private PtNDArray load(WeightSlot slot, ComputeType type) {
        PtNDArray target = program.empty(owner, longs(slot.shape()), type, options.device());
        long row = 0;
        for (WeightSlot.Part part : slot.parts()) {
            copy(target, row, checkpoint.tensor(part.tensor()));
            row += part.shape().get(0);
        }
        return target;
    }

    private void copy(PtNDArray target, long firstRow, Checkpoint.Located tensor) {
        TensorEntry entry = tensor.entry();
        TensorType type = entry.type().orElseThrow();
        long rows = entry.shape().get(0);
        long rowBytes = entry.bytes() / rows;
        long rowsAtOnce = Math.max(1, SLICE_BYTES / rowBytes);
        boolean first = counted.add(entry.name());
        var crc = new CRC32C();
        for (long row = 0; row < rows; row += rowsAtOnce) {
            long count = Math.min(rowsAtOnce, rows - row);
            long[] shape = longs(entry.shape());
            shape[0] = count;
            ByteBuffer bytes = read(tensor, row * rowBytes, Math.toIntExact(count * rowBytes));
            crc.update(bytes.duplicate());
            try (PtNDArray source = owner.create(bytes, new Shape(shape), bitsType(type))) {
                program.fill(target, firstRow + row, source, type == TensorType.BF16);
            }
            if (first) {
                progress.add(count * rowBytes);
            }
        }
        checksums.read(tensor, (int) crc.getValue());
    }

    /** Bytes of a tensor, valid until the next call. */
    private ByteBuffer read(Checkpoint.Located tensor, long from, int bytes) {
        if (slice.capacity() < bytes) {
            slice = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }
        slice.clear().limit(bytes);
        tensor.file().read(tensor.entry(), from, slice);
        return slice.flip();
    }

    /** DJL aborts the process when asked for a bf16 tensor; the program reinterprets the bits. */
    private static DataType bitsType(TensorType type) {
        return switch (type) {
            case F32 -> DataType.FLOAT32;
            case F16, BF16 -> DataType.FLOAT16;
            case I64 -> DataType.INT64;
        };
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }
}
