package dev.kvern.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.kvern.cluster.MapVersion;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockMiss;
import dev.kvern.v1.GetResponse;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.PlacedBlock;
import dev.kvern.v1.PutRequest;
import io.grpc.Drainable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against protobuf's own reading and writing of the published messages. */
class BlockPartMarshallerTest {
    private static final BlockHeader HEADER = BlockHeader.newBuilder()
            .setKey(ByteString.copyFrom(new byte[32]))
            .setSizeBytes(300)
            .setCrc32C(-5)
            .setTokens(64)
            .build();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 127, 128, 16_383, 16_384, 300_000, 4 << 20})
    void dataIsWrittenAsProtobufReadsIt(int size) throws IOException {
        byte[] bytes = bytes(size);
        for (ByteBuffer payload : new ByteBuffer[] {
            ByteBuffer.wrap(bytes), ByteBuffer.allocateDirect(size).put(bytes).flip(), inTheMiddle(bytes)
        }) {
            var part = new BlockPart.Held(payload);
            byte[] expected = PutRequest.newBuilder()
                    .setData(ByteString.copyFrom(bytes))
                    .build()
                    .toByteArray();
            InputStream read = BlockPartMarshaller.PUT_REQUEST.stream(part);
            assertThat(((KnownLength) read).available()).isEqualTo(expected.length);
            assertThat(read.readAllBytes()).isEqualTo(expected);
            var drained = new ByteArrayOutputStream();
            assertThat(((Drainable) BlockPartMarshaller.GET_RESPONSE.stream(part)).drainTo(drained))
                    .isEqualTo(expected.length);
            assertThat(drained.toByteArray()).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 16_384, 300_000})
    void scatteredDataIsWrittenAsOneAndShownAsItGoes(int size) throws IOException {
        byte[] bytes = bytes(size);
        int cut = size / 3;
        var pieces = List.of(
                ByteBuffer.wrap(bytes, 0, cut),
                ByteBuffer.allocateDirect(size - cut)
                        .put(bytes, cut, size - cut)
                        .flip());
        byte[] expected = GetResponse.newBuilder()
                .setData(ByteString.copyFrom(bytes))
                .build()
                .toByteArray();
        var shown = new ByteArrayOutputStream();
        var part = new BlockPart.Scattered(pieces, piece -> {
            byte[] copy = new byte[piece.remaining()];
            piece.get(copy);
            shown.writeBytes(copy);
        });
        assertThat(part.size()).isEqualTo(size);
        var drained = new ByteArrayOutputStream();
        assertThat(((Drainable) BlockPartMarshaller.GET_RESPONSE.stream(part)).drainTo(drained))
                .isEqualTo(expected.length);
        assertThat(drained.toByteArray()).isEqualTo(expected);
        assertThat(shown.toByteArray()).isEqualTo(bytes);
        shown.reset();
        assertThat(BlockPartMarshaller.GET_RESPONSE.stream(part).readAllBytes()).isEqualTo(expected);
        assertThat(shown.toByteArray()).isEqualTo(bytes);
        var target = ByteBuffer.allocate(size);
        part.copyTo(target);
        assertThat(target.array()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 127, 128, 16_383, 16_384, 300_000})
    void dataThatProtobufWroteIsReadToItsPlace(int size) {
        byte[] bytes = bytes(size);
        byte[] message = GetResponse.newBuilder()
                .setData(ByteString.copyFrom(bytes))
                .build()
                .toByteArray();
        for (InputStream stream : new InputStream[] {
            new ByteArrayInputStream(message), new Known(message, false), new Known(message, true)
        }) {
            for (BlockPartMarshaller marshaller :
                    new BlockPartMarshaller[] {BlockPartMarshaller.GET_RESPONSE, BlockPartMarshaller.PUT_REQUEST}) {
                stream.mark(0);
                var data = (BlockPart.Data) marshaller.parse(stream);
                assertThat(data.size()).isEqualTo(size);
                var target = ByteBuffer.allocateDirect(size);
                data.copyTo(target);
                byte[] read = new byte[size];
                target.flip().get(read);
                assertThat(read).isEqualTo(bytes);
                reset(stream);
            }
        }
    }

    @Test
    void sharedMemoryIsProtobufsOwn() throws IOException {
        var shared = new BlockPart.Shared("/dev/shm/some");
        var placed = new BlockPart.Placed(PlacedBlock.newBuilder()
                .setHeader(HEADER)
                .setPageBytes(65_536)
                .addOffsets(1L << 40)
                .build());
        for (BlockPart part : new BlockPart[] {shared, placed}) {
            var message = BlockPartMarshaller.GET_RESPONSE.stream(part).readAllBytes();
            assertThat(BlockPartMarshaller.GET_RESPONSE.parse(new ByteArrayInputStream(message)))
                    .isEqualTo(part);
        }
    }

    @Test
    void headersAndMissesAreProtobufsOwn() throws IOException {
        var miss = new BlockPart.Miss(ByteString.copyFromUtf8("key"));
        assertThat(GetResponse.parseFrom(BlockPartMarshaller.GET_RESPONSE.stream(new BlockPart.Header(HEADER))))
                .isEqualTo(GetResponse.newBuilder().setHeader(HEADER).build());
        assertThat(PutRequest.parseFrom(BlockPartMarshaller.PUT_REQUEST.stream(new BlockPart.Header(HEADER))))
                .isEqualTo(PutRequest.newBuilder().setHeader(HEADER).build());
        byte[] missed = GetResponse.newBuilder()
                .setMiss(BlockMiss.newBuilder().setKey(miss.key()))
                .build()
                .toByteArray();
        assertThat(BlockPartMarshaller.GET_RESPONSE.stream(miss).readAllBytes()).isEqualTo(missed);
        assertThat(BlockPartMarshaller.GET_RESPONSE.parse(new Known(missed, true)))
                .isEqualTo(miss);
        assertThat(BlockPartMarshaller.PUT_REQUEST.parse(new Known(missed, true)))
                .isEqualTo(new BlockPart.Empty());
        assertThat(BlockPartMarshaller.GET_RESPONSE.parse(new Known(new byte[0], true)))
                .isEqualTo(new BlockPart.Empty());
    }

    @Test
    void mapsAndTheirVersionsAreProtobufsOwn() throws IOException {
        var version = new MapVersion(1, 2, 3);
        var map = PartitionMap.newBuilder()
                .setVersion(version.toMessage())
                .addNodeIds("n")
                .build();
        byte[] moved = GetResponse.newBuilder().setMap(map).build().toByteArray();
        assertThat(BlockPartMarshaller.GET_RESPONSE.stream(new BlockPart.Moved(map))
                        .readAllBytes())
                .isEqualTo(moved);
        assertThat(BlockPartMarshaller.GET_RESPONSE.parse(new Known(moved, true)))
                .isEqualTo(new BlockPart.Moved(map));
        var begun = new BlockPart.Header(HEADER, Optional.of(version));
        byte[] put = PutRequest.newBuilder()
                .setHeader(HEADER)
                .setMapVersion(version.toMessage())
                .build()
                .toByteArray();
        assertThat(BlockPartMarshaller.PUT_REQUEST.stream(begun).readAllBytes()).isEqualTo(put);
        assertThat(BlockPartMarshaller.PUT_REQUEST.parse(new Known(put, true))).isEqualTo(begun);
    }

    @Test
    void theLastOfSeveralFieldsHoldsAsInProtobuf() {
        byte[] data = GetResponse.newBuilder()
                .setData(ByteString.copyFromUtf8("some bytes"))
                .build()
                .toByteArray();
        byte[] header = GetResponse.newBuilder().setHeader(HEADER).build().toByteArray();
        assertThat(BlockPartMarshaller.GET_RESPONSE.parse(new Known(joined(data, header), true)))
                .isEqualTo(new BlockPart.Header(HEADER));
    }

    @Test
    void whatIsNoMessageIsRefused() {
        for (byte[] wrong : new byte[][] {
            {0x12}, {0x12, 5, 1}, {0x12, -1, -1, -1, -1, -1, -1}, {0x12, -1, -1, -1, -1, 127}, {0x0a, 9, 1}, {7}
        }) {
            assertThatThrownBy(() -> BlockPartMarshaller.GET_RESPONSE.parse(new Known(wrong, true)))
                    .hasMessageContaining("malformed message");
        }
    }

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer inTheMiddle(byte[] bytes) {
        return ByteBuffer.wrap(joined(joined(new byte[7], bytes), new byte[3]))
                .position(7)
                .limit(7 + bytes.length)
                .slice();
    }

    private static byte[] joined(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }

    private static void reset(InputStream stream) {
        try {
            stream.reset();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** As a transport gives messages: with its length, and in buffers of a few bytes, or not. */
    private static final class Known extends ByteArrayInputStream implements KnownLength, HasByteBuffer {
        private static final int BUFFER_BYTES = 10_000;
        private final boolean buffers;

        Known(byte[] bytes, boolean buffers) {
            super(bytes);
            this.buffers = buffers;
        }

        @Override
        public boolean byteBufferSupported() {
            return buffers;
        }

        @Override
        public ByteBuffer getByteBuffer() {
            return ByteBuffer.wrap(buf, pos, Math.min(BUFFER_BYTES, count - pos));
        }
    }
}
