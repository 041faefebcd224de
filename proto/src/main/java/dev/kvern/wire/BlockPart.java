package dev.kvern.wire;

import com.google.protobuf.ByteString;
import dev.kvern.cluster.MapVersion;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.PlacedBlock;
import io.grpc.HasByteBuffer;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** One message of a Get's answers or a Put's requests: what GetResponse and PutRequest say, without a copy of the payload. */
public sealed interface BlockPart {
    /**
     * A block begins; its bytes follow.
     *
     * @param mapVersion in a Put: of the map by which the node was chosen; empty if no map is wanted with the answer
     */
    record Header(BlockHeader header, Optional<MapVersion> mapVersion) implements BlockPart {
        public Header(BlockHeader header) {
            this(header, Optional.empty());
        }
    }

    /** A key is not stored. Not in a Put. */
    record Miss(ByteString key) implements BlockPart {}

    /** A newer map than the caller named. Not in a Put. */
    record Moved(PartitionMap map) implements BlockPart {}
    /** Where the node's shared memory is. In a Get only. */
    record Shared(String file) implements BlockPart {}

    /** A whole block, to be copied from the shared memory. In a Get only. */
    record Placed(PlacedBlock block) implements BlockPart {}

    /** A message that names none of the above. */
    record Empty() implements BlockPart {}

    /** The current block's next bytes. */
    sealed interface Data extends BlockPart {
        /** Bytes. */
        int size();

        /**
         * Moves the bytes to {@code target}, which has room for them. Once only.
         *
         * @throws UncheckedIOException if there are fewer than {@link #size}
         */
        void copyTo(ByteBuffer target);
    }

    /** Bytes in memory: the buffer's remaining ones, which nobody changes before the call has ended. */
    record Held(ByteBuffer bytes) implements Data {
        @Override
        public int size() {
            return bytes.remaining();
        }

        @Override
        public void copyTo(ByteBuffer target) {
            target.put(bytes.duplicate());
        }
    }

    /**
     * Bytes in memory in several places, in order; nobody changes them before the message was handed to the transport.
     *
     * @param passing shown the bytes, in order, when they are in the processor's cache on their way to the transport
     */
    record Scattered(List<ByteBuffer> pieces, Consumer<ByteBuffer> passing) implements Data {
        @Override
        public int size() {
            return pieces.stream().mapToInt(ByteBuffer::remaining).sum();
        }

        @Override
        public void copyTo(ByteBuffer target) {
            pieces.forEach(piece -> target.put(piece.duplicate()));
        }
    }

    /**
     * Bytes in the transport's own buffers. To be read while gRPC hands the message over: after that the buffers are the
     * transport's again.
     */
    record Arriving(InputStream stream, int size) implements Data {
        private static final int PIECE_BYTES = 16 << 10;

        @Override
        public void copyTo(ByteBuffer target) {
            try {
                if (stream instanceof HasByteBuffer buffers && buffers.byteBufferSupported()) {
                    copyBuffers(buffers, target);
                } else {
                    copyPieces(target);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void copyBuffers(HasByteBuffer buffers, ByteBuffer target) throws IOException {
            int left = size;
            while (left > 0) {
                ByteBuffer next = buffers.getByteBuffer();
                if (next == null || !next.hasRemaining()) {
                    throw missing(left);
                }
                int length = Math.min(left, next.remaining());
                target.put(next.slice(next.position(), length));
                stream.skipNBytes(length);
                left -= length;
            }
        }

        private void copyPieces(ByteBuffer target) throws IOException {
            byte[] piece = new byte[Math.min(PIECE_BYTES, size)];
            int left = size;
            while (left > 0) {
                int read = stream.read(piece, 0, Math.min(piece.length, left));
                if (read < 0) {
                    throw missing(left);
                }
                target.put(piece, 0, read);
                left -= read;
            }
        }

        private EOFException missing(int left) {
            return new EOFException((size - left) + " bytes (expected: " + size + ")");
        }
    }
}
