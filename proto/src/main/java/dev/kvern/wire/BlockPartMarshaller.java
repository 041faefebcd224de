package dev.kvern.wire;

import com.google.protobuf.MessageLite;
import com.google.protobuf.WireFormat;
import dev.kvern.cluster.MapVersion;
import dev.kvern.v1.BlockMiss;
import dev.kvern.v1.GetResponse;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.SharedMemory;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Writes and reads block parts as the published messages. A message that is one data field, as all are that carry payload, is
 * taken apart here so that its bytes go from and to their place at once; all others are protobuf's. Stateless.
 */
final class BlockPartMarshaller implements MethodDescriptor.Marshaller<BlockPart> {
    static final BlockPartMarshaller GET_RESPONSE = new BlockPartMarshaller(Kind.GET_RESPONSE);
    static final BlockPartMarshaller PUT_REQUEST = new BlockPartMarshaller(Kind.PUT_REQUEST);

    private static final int LENGTH_DELIMITED = WireFormat.WIRETYPE_LENGTH_DELIMITED;

    /** The same field in both messages. */
    private static final int DATA_TAG = GetResponse.DATA_FIELD_NUMBER << 3 | LENGTH_DELIMITED;

    private static final int MAX_VARINT_BYTES = 5;
    private static final int VARINT_BITS = 7;
    private static final int VARINT_MORE = 0x80;

    private final Kind kind;

    private BlockPartMarshaller(Kind kind) {
        this.kind = kind;
    }

    @Override
    public InputStream stream(BlockPart part) {
        if (part instanceof BlockPart.Held held) {
            return new DataStream(dataPrefix(held.size()), List.of(held.bytes()), bytes -> {});
        }
        if (part instanceof BlockPart.Scattered scattered) {
            return new DataStream(dataPrefix(scattered.size()), scattered.pieces(), scattered.passing());
        }
        return new ByteArrayInputStream(kind.message(part).toByteArray());
    }

    @Override
    public BlockPart parse(InputStream stream) {
        try {
            var read = ByteBuffer.allocate(1 + MAX_VARINT_BYTES);
            int size = dataSize(stream, read);
            if (size >= 0 && stream instanceof KnownLength && stream.available() == size) {
                return new BlockPart.Arriving(stream, size);
            }
            return kind.parse(
                    new SequenceInputStream(new ByteArrayInputStream(read.array(), 0, read.position()), stream));
        } catch (IOException e) {
            throw Status.INTERNAL
                    .withDescription("malformed message")
                    .withCause(e)
                    .asRuntimeException();
        }
    }

    private static ByteBuffer dataPrefix(int size) {
        var prefix = ByteBuffer.allocate(1 + MAX_VARINT_BYTES).put((byte) DATA_TAG);
        int left = size;
        while ((left & -VARINT_MORE) != 0) {
            prefix.put((byte) (left | VARINT_MORE));
            left >>>= VARINT_BITS;
        }
        return prefix.put((byte) left).flip();
    }

    /** The length of the data field that a message begins with; negative if it begins otherwise. What was read is put aside. */
    private static int dataSize(InputStream stream, ByteBuffer read) throws IOException {
        if (next(stream, read) != DATA_TAG) {
            return -1;
        }
        long size = 0;
        for (int i = 0; i < MAX_VARINT_BYTES; i++) {
            int b = next(stream, read);
            if (b < 0) {
                return -1;
            }
            size |= (long) (b & ~VARINT_MORE) << VARINT_BITS * i;
            if (b < VARINT_MORE) {
                return size <= Integer.MAX_VALUE ? (int) size : -1;
            }
        }
        return -1;
    }

    private static int next(InputStream stream, ByteBuffer read) throws IOException {
        int b = stream.read();
        if (b >= 0) {
            read.put((byte) b);
        }
        return b;
    }

    /** Which of the two messages. */
    private enum Kind {
        GET_RESPONSE {
            @Override
            MessageLite message(BlockPart part) {
                var message = GetResponse.newBuilder();
                if (part instanceof BlockPart.Header begun) {
                    message.setHeader(begun.header());
                } else if (part instanceof BlockPart.Miss miss) {
                    message.setMiss(BlockMiss.newBuilder().setKey(miss.key()));
                } else if (part instanceof BlockPart.Moved moved) {
                    message.setMap(moved.map());
                } else if (part instanceof BlockPart.Shared shared) {
                    message.setSharedMemory(SharedMemory.newBuilder().setFile(shared.file()));
                } else if (part instanceof BlockPart.Placed placed) {
                    message.setPlaced(placed.block());
                }
                return message.build();
            }

            @Override
            BlockPart parse(InputStream stream) throws IOException {
                GetResponse message = GetResponse.parseFrom(stream);
                return switch (message.getPartCase()) {
                    case HEADER -> new BlockPart.Header(message.getHeader());
                    case DATA -> new BlockPart.Held(message.getData().asReadOnlyByteBuffer());
                    case MISS -> new BlockPart.Miss(message.getMiss().getKey());
                    case MAP -> new BlockPart.Moved(message.getMap());
                    case SHARED_MEMORY ->
                        new BlockPart.Shared(message.getSharedMemory().getFile());
                    case PLACED -> new BlockPart.Placed(message.getPlaced());
                    case PART_NOT_SET -> new BlockPart.Empty();
                };
            }
        },
        PUT_REQUEST {
            @Override
            MessageLite message(BlockPart part) {
                var message = PutRequest.newBuilder();
                if (part instanceof BlockPart.Header begun) {
                    message.setHeader(begun.header());
                    begun.mapVersion().ifPresent(version -> message.setMapVersion(version.toMessage()));
                }
                return message.build();
            }

            @Override
            BlockPart parse(InputStream stream) throws IOException {
                PutRequest message = PutRequest.parseFrom(stream);
                return switch (message.getPartCase()) {
                    case HEADER ->
                        new BlockPart.Header(
                                message.getHeader(),
                                message.hasMapVersion()
                                        ? Optional.of(MapVersion.of(message.getMapVersion()))
                                        : Optional.empty());
                    case DATA -> new BlockPart.Held(message.getData().asReadOnlyByteBuffer());
                    case PART_NOT_SET -> new BlockPart.Empty();
                };
            }
        };

        /** A message for all parts but data. */
        abstract MessageLite message(BlockPart part);

        abstract BlockPart parse(InputStream stream) throws IOException;
    }
}
