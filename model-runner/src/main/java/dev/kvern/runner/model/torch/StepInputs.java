package dev.kvern.runner.model.torch;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.kvern.runner.model.DecodeRow;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The int64 tensor in which a step's token ids and block numbers reach the program: made once over memory that Java
 * writes, and made anew only when more room is needed. Confined to the thread that runs steps.
 */
final class StepInputs implements AutoCloseable {
    private static final int FIRST_CAPACITY = 1024;

    private final PtNDManager owner;
    private LongBuffer values = LongBuffer.allocate(0);
    private @Nullable PtNDArray tensor;
    private @Nullable IValue value;

    StepInputs(PtNDManager owner) {
        this.owner = owner;
    }

    /** Writes the tokens, zeros up to {@code rows}, and the first {@code blocks} of the table; returns the argument. */
    IValue set(int[] tokens, int rows, int[] blockTable, int blocks) {
        IValue argument = withRoomFor(rows + blocks);
        for (int row = 0; row < rows; row++) {
            values.put(row, row < tokens.length ? tokens[row] : 0);
        }
        for (int i = 0; i < blocks; i++) {
            values.put(rows + i, blockTable[i]);
        }
        return argument;
    }

    /**
     * Writes the rows' tokens, their positions, and their tables, each {@code blocks} long; returns the argument. A shorter
     * table is filled up with its own first block: what is masked is read all the same, and what another sequence is just
     * writing need not be finite.
     */
    IValue set(List<DecodeRow> rows, int blocks) {
        int count = rows.size();
        IValue argument = withRoomFor(count * (2 + blocks));
        for (int i = 0; i < count; i++) {
            DecodeRow row = rows.get(i);
            values.put(i, row.token());
            values.put(count + i, row.position());
            int table = 2 * count + i * blocks;
            for (int block = 0; block < blocks; block++) {
                values.put(table + block, row.blockTable()[block < row.blockTable().length ? block : 0]);
            }
        }
        return argument;
    }

    private IValue withRoomFor(int count) {
        if (value != null && values.capacity() >= count) {
            return value;
        }
        int capacity = Math.max(FIRST_CAPACITY, Math.max(count, 2 * values.capacity()));
        ByteBuffer bytes = allocate(Math.multiplyExact(capacity, Long.BYTES)).order(ByteOrder.nativeOrder());
        close();
        values = bytes.asLongBuffer();
        tensor = owner.create(bytes, new Shape(capacity), DataType.INT64);
        value = IValue.from(tensor);
        return value;
    }

    private static ByteBuffer allocate(int bytes) {
        try {
            return ByteBuffer.allocateDirect(bytes);
        } catch (OutOfMemoryError e) {
            throw new OutOfDeviceMemoryException(e.getMessage() + " for a step's inputs", e);
        }
    }

    @Override
    public void close() {
        if (value != null) {
            value.close();
            value = null;
        }
        if (tensor != null) {
            tensor.close();
            tensor = null;
        }
    }
}
