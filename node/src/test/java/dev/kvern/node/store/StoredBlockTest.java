package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.node.Blocks;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StoredBlockTest {
    @Test
    void everyFlippedBitOfPayloadOrSizeIsSeen() {
        byte[] encoded = Blocks.stored(3, 40).encoded();
        assertThat(StoredBlock.verified(Blocks.key(3), encoded)).isPresent();
        for (int at : new int[] {0, 4, 8, 12, 15, 116, 134, 155}) {
            byte[] flipped = encoded.clone();
            flipped[at] ^= 0x10;
            assertThat(StoredBlock.verified(Blocks.key(3), flipped))
                    .as("byte %d", at)
                    .isEmpty();
        }
        assertThat(StoredBlock.verified(Blocks.key(3), Arrays.copyOf(encoded, 155)))
                .isEmpty();
        assertThat(StoredBlock.verified(Blocks.key(3), Arrays.copyOf(encoded, 157)))
                .isEmpty();
        assertThat(StoredBlock.verified(Blocks.key(3), new byte[0])).isEmpty();
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
