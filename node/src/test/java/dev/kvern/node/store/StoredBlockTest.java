package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockLabels;
import dev.kvern.block.ModelDigest;
import dev.kvern.node.Blocks;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class StoredBlockTest {
    @Test
    void everyFlippedBitIsSeen() {
        byte[] encoded = new byte[StoredBlock.encodedBytes(40)];
        byte[] payload = Blocks.payload(3, 40);
        byte[] model = new byte[32];
        Arrays.fill(model, (byte) 7);
        var labels = new BlockLabels(Optional.of(ModelDigest.wrap(model)), Optional.empty());
        StoredBlock.begin(encoded, Blocks.checksum(3, payload), 77, Optional.of(Blocks.key(2)), labels);
        System.arraycopy(payload, 0, encoded, StoredBlock.HEADER_BYTES, payload.length);
        assertThat(StoredBlock.verified(Blocks.key(3), encoded)).isPresent();
        for (int at = 0; at < encoded.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] flipped = encoded.clone();
                flipped[at] ^= (byte) (1 << bit);
                assertThat(StoredBlock.verified(Blocks.key(3), flipped))
                        .as("bit %d of byte %d", bit, at)
                        .isEmpty();
                assertThat(StoredBlock.header(flipped).isPresent())
                        .as("the header with bit %d of byte %d flipped", bit, at)
                        .isEqualTo(at >= StoredBlock.HEADER_BYTES);
            }
        }
        for (int length : new int[] {0, 1, StoredBlock.HEADER_BYTES - 1, encoded.length - 1, encoded.length + 1}) {
            assertThat(StoredBlock.verified(Blocks.key(3), Arrays.copyOf(encoded, length)))
                    .as("%d bytes", length)
                    .isEmpty();
        }
    }

    /** As a node of an earlier or later release might have stored it, whole by its own rules. */
    @Test
    void aBlockOfAnotherVersionIsNone() {
        for (byte version : new byte[] {0, 1, 2, 3, 5, -1}) {
            byte[] encoded = Blocks.stored(3, 40).encoded();
            encoded[4] = version;
            var crc = new CRC32C();
            crc.update(encoded, 0, StoredBlock.HEADER_BYTES - Integer.BYTES);
            ByteBuffer.wrap(encoded).putInt(StoredBlock.HEADER_BYTES - Integer.BYTES, (int) crc.getValue());
            assertThat(StoredBlock.verified(Blocks.key(3), encoded).isPresent())
                    .as("version %d", version)
                    .isFalse();
            encoded[4] = 4;
            crc.reset();
            crc.update(encoded, 0, StoredBlock.HEADER_BYTES - Integer.BYTES);
            ByteBuffer.wrap(encoded).putInt(StoredBlock.HEADER_BYTES - Integer.BYTES, (int) crc.getValue());
            assertThat(StoredBlock.verified(Blocks.key(3), encoded)).isPresent();
        }
    }

    @Test
    void aBlockIsNotTakenForAnother() {
        byte[] encoded = Blocks.stored(3, 40).encoded();
        assertThat(StoredBlock.verified(Blocks.key(4), encoded)).isEmpty();
    }

    @Test
    void theHeaderComesBack() {
        byte[] payload = Blocks.payload(5, 10);
        byte[] encoded = new byte[StoredBlock.encodedBytes(10)];
        StoredBlock.begin(encoded, Blocks.checksum(5, payload), 77, Optional.of(Blocks.key(4)));
        System.arraycopy(payload, 0, encoded, StoredBlock.HEADER_BYTES, 10);
        StoredBlock block = StoredBlock.verified(Blocks.key(5), encoded).orElseThrow();
        assertThat(block.header().tokens()).isEqualTo(77);
        assertThat(block.header().parent()).contains(Blocks.key(4));
        assertThat(block.header().crc32c()).isEqualTo(Blocks.checksum(5, payload));
        assertThat(block.payloadBytes()).isEqualTo(10);
        assertThat(Blocks.stored(1, 1).header().parent()).isEmpty();
    }
}
