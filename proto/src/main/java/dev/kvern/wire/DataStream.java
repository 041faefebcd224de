package dev.kvern.wire;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** A message of some first bytes and a payload that stays where it lies until the transport takes it. Confined to a thread. */
final class DataStream extends InputStream implements Drainable, KnownLength {
    private static final int PIECE_BYTES = 16 << 10;
    private static final int BYTE = 0xff;

    private final ByteBuffer prefix;
    private final ByteBuffer payload;

    DataStream(ByteBuffer prefix, ByteBuffer payload) {
        this.prefix = prefix;
        this.payload = payload.duplicate();
    }

    @Override
    public int available() {
        return prefix.remaining() + payload.remaining();
    }

    @Override
    public int read() {
        ByteBuffer from = from();
        return from.hasRemaining() ? from.get() & BYTE : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        ByteBuffer from = from();
        if (length > 0 && !from.hasRemaining()) {
            return -1;
        }
        int read = Math.min(length, from.remaining());
        from.get(target, offset, read);
        return read;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        int length = available();
        drain(prefix, target);
        drain(payload, target);
        return length;
    }

    private ByteBuffer from() {
        return prefix.hasRemaining() ? prefix : payload;
    }

    private static void drain(ByteBuffer from, OutputStream target) throws IOException {
        if (from.hasArray()) {
            target.write(from.array(), from.arrayOffset() + from.position(), from.remaining());
            from.position(from.limit());
            return;
        }
        byte[] piece = new byte[Math.min(PIECE_BYTES, from.remaining())];
        while (from.hasRemaining()) {
            int length = Math.min(piece.length, from.remaining());
            from.get(piece, 0, length);
            target.write(piece, 0, length);
        }
    }
}
