package dev.kvern.wire;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A message of some first bytes and a payload that stays where it lies until the transport takes it. Confined to a thread. */
final class DataStream extends InputStream implements Drainable, KnownLength {
    private static final int PIECE_BYTES = 16 << 10;
    private static final int BYTE = 0xff;

    private final ByteBuffer prefix;
    private final Consumer<ByteBuffer> passing;

    /** The payload not taken yet. */
    private final Deque<ByteBuffer> left = new ArrayDeque<>();

    /** @param passing shown the payload's bytes as they are taken */
    DataStream(ByteBuffer prefix, List<ByteBuffer> payload, Consumer<ByteBuffer> passing) {
        this.prefix = prefix;
        this.passing = passing;
        payload.forEach(piece -> left.add(piece.duplicate()));
    }

    @Override
    public int available() {
        int bytes = prefix.remaining();
        for (ByteBuffer piece : left) {
            bytes += piece.remaining();
        }
        return bytes;
    }

    /**
     * True, though there is no mark but the beginning: gRPC puts a buffer around a stream that says no, and copies what could be
     * drained, but marks none.
     */
    @Override
    public boolean markSupported() {
        return true;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & BYTE;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        if (prefix.hasRemaining()) {
            int read = Math.min(length, prefix.remaining());
            prefix.get(target, offset, read);
            return read;
        }
        ByteBuffer from = next();
        if (from == null) {
            return length > 0 ? -1 : 0;
        }
        int read = Math.min(length, from.remaining());
        from.get(target, offset, read);
        passing.accept(ByteBuffer.wrap(target, offset, read));
        return read;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        int length = available();
        target.write(prefix.array(), prefix.position(), prefix.remaining());
        prefix.position(prefix.limit());
        byte[] piece = {};
        for (ByteBuffer from = next(); from != null; from = next()) {
            if (from.hasArray()) {
                passing.accept(from.duplicate());
                target.write(from.array(), from.arrayOffset() + from.position(), from.remaining());
                from.position(from.limit());
            } else {
                piece = piece.length > 0 ? piece : new byte[Math.min(PIECE_BYTES, available())];
                int taken = read(piece, 0, piece.length);
                target.write(piece, 0, taken);
            }
        }
        return length;
    }

    private @Nullable ByteBuffer next() {
        while (!left.isEmpty() && !left.element().hasRemaining()) {
            left.remove();
        }
        return left.peek();
    }
}
