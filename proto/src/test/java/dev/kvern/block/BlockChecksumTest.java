package dev.kvern.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class BlockChecksumTest {
    private final BlockChecksum checksum = new BlockChecksum();

    @Test
    void isTheCrcOfKeyAndPayloadOneAfterTheOther() {
        // RFC 3720, B.4: 32 bytes of zeros, and then nothing.
        assertThat(of(new byte[32], new byte[0])).isEqualTo(0x8a9136aa);
        // And of ones.
        byte[] ones = new byte[32];
        Arrays.fill(ones, (byte) 0xFF);
        assertThat(of(ones, new byte[0])).isEqualTo(0x62a8ab43);
    }

    @Test
    void theSamePayloadHasAnotherUnderAnotherKey() {
        byte[] payload = "keys and values".getBytes(StandardCharsets.UTF_8);
        byte[] other = new byte[32];
        other[31] = 1;
        assertThat(of(new byte[32], payload)).isNotEqualTo(of(other, payload)).isEqualTo(of(new byte[32], payload));
    }

    @Test
    void takesWhatRemainsOfABuffer() {
        byte[] payload = {1, 2, 3, 4};
        ByteBuffer direct =
                ByteBuffer.allocateDirect(6).put((byte) 9).put(payload).flip();
        direct.position(1);
        assertThat(checksum.of(BlockKey.wrap(new byte[32]), direct)).isEqualTo(of(new byte[32], payload));
        assertThat(direct.hasRemaining()).isFalse();
    }

    private int of(byte[] key, byte[] payload) {
        return checksum.of(BlockKey.wrap(key), ByteBuffer.wrap(payload));
    }
}
