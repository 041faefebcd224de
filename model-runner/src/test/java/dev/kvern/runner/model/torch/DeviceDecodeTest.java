package dev.kvern.runner.model.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.kvern.runner.model.ComputeType;
import dev.kvern.runner.model.DecodeRow;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.RopeScaling;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Decoding as devices do it, where all sequences attend at once over copies as long as the longest; made to run on the host. */
class DeviceDecodeTest {
    private static final int VOCABULARY = 16;
    private static final int HIDDEN = 8;
    private static final int HEADS = 2;
    private static final int HEAD_DIM = 4;
    private static final int BLOCK = 4;
    private static final int BLOCKS = 6;

    /** 6 tokens in blocks 0 and 1. */
    private static final DecodeRow LONG = new DecodeRow(new int[] {0, 1}, 5, 3);

    /** 2 tokens in block 3. */
    private static final DecodeRow SHORT = new DecodeRow(new int[] {3}, 1, 4);

    private final Random random = new Random(5);
    private PtNDManager owner;
    private DecoderProgram onHost;
    private DecoderProgram onDevice;
    private PtNDArray pool;
    private IValue weights;
    private IValue scales;

    @BeforeEach
    void load() {
        TorchRuntime.start(1);
        owner = TorchRuntime.newManager();
        onHost = DecoderProgram.load(owner);
        String here = "together = x.is_cuda";
        assertThat(DecoderProgram.source()).contains(here);
        onDevice = DecoderProgram.of(owner, DecoderProgram.source().replace(here, "together = True"));
        PtNDArray nothing = onHost.empty(owner, new long[] {0}, ComputeType.FP32, DeviceSpec.CPU);
        PtNDArray frequencies = onHost.frequencies(
                owner, HEAD_DIM, new RopeScaling(RopeScaling.Type.DEFAULT, 10_000, 1, 0, 0, 0), DeviceSpec.CPU);
        weights = IValue.listFrom(
                tensor(VOCABULARY, HIDDEN),
                tensor(HIDDEN),
                tensor(VOCABULARY, HIDDEN),
                frequencies,
                tensor(HIDDEN),
                tensor((HEADS + 2) * HEAD_DIM, HIDDEN),
                nothing,
                nothing,
                tensor(HIDDEN, HEADS * HEAD_DIM),
                nothing,
                tensor(HIDDEN),
                tensor(2 * HIDDEN, HIDDEN),
                nothing,
                tensor(HIDDEN, HIDDEN),
                nothing);
        scales = IValue.listFrom(Stream.generate(() -> nothing).limit(5).toArray(PtNDArray[]::new));
        pool = tensor(1, 2, BLOCKS, BLOCK, 1, HEAD_DIM);
    }

    @AfterEach
    void close() {
        weights.close();
        scales.close();
        onHost.close();
        onDevice.close();
        owner.close();
    }

    @Test
    void givesWhatTheHostGives() {
        float[] expected = decode(onHost, inputs(LONG, SHORT));
        float[] got = decode(onDevice, inputs(LONG, SHORT));
        for (int i = 0; i < expected.length; i++) {
            assertThat(got[i]).as("logit %d", i).isCloseTo(expected[i], offset(1e-5f));
        }
    }

    @Test
    void aSequenceThatIsNoNumberLeavesTheOthersAlone() {
        float[] before = decode(onDevice, inputs(LONG, SHORT));
        // A key of the longer one, in block 0.
        pool.toByteBuffer(true).asFloatBuffer().put(2, Float.NaN);
        float[] after = decode(onDevice, inputs(LONG, SHORT));
        assertThat(after[0]).isNaN();
        assertThat(Arrays.copyOfRange(after, VOCABULARY, 2 * VOCABULARY))
                .isEqualTo(Arrays.copyOfRange(before, VOCABULARY, 2 * VOCABULARY));

        // Were the shorter one's table filled up with block 0, masking would not help: 0 * NaN is NaN.
        try (PtNDArray zeros = (PtNDArray) owner.create(new long[] {3, 4, 5, 1, 0, 1, 3, 0}, new Shape(8));
                IValue argument = IValue.from(zeros)) {
            assertThat(decode(onDevice, argument)[VOCABULARY]).isNaN();
        }
    }

    private IValue inputs(DecodeRow... rows) {
        return new StepInputs(owner).set(List.of(rows), 2);
    }

    private float[] decode(DecoderProgram program, IValue inputs) {
        try (IValue shape = IValue.listFrom(new long[] {1, HEADS, 1, HEAD_DIM, BLOCK, BLOCK, LoadedWeights.PLAIN});
                IValue windows = IValue.listFrom(new long[] {0});
                IValue positions = IValue.listFrom(new long[] {LONG.position(), SHORT.position()});
                IValue firstBlocks = IValue.listFrom(new long[] {0, 3});
                IValue eps = IValue.from(1e-5);
                IValue poolValue = IValue.from(pool);
                IValue result = program.decode(
                        inputs, poolValue, weights, scales, shape, windows, positions, firstBlocks, eps);
                PtNDArray logits = result.toTensor(owner)) {
            float[] values = new float[2 * VOCABULARY];
            logits.toByteBuffer(true).asFloatBuffer().get(values);
            return values;
        }
    }

    private PtNDArray tensor(long... shape) {
        PtNDArray tensor = onHost.empty(owner, shape, ComputeType.FP32, DeviceSpec.CPU);
        FloatBuffer values = tensor.toByteBuffer(true).asFloatBuffer();
        while (values.hasRemaining()) {
            values.put((float) random.nextGaussian());
        }
        return tensor;
    }
}
