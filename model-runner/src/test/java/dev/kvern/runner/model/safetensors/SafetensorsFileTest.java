package dev.kvern.runner.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {
    @TempDir
    Path directory;

    private Path write(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        for (int i = 0; i < dataBytes; i++) {
            bytes.put((byte) i);
        }
        return writeBytes(bytes.array());
    }

    private Path writeBytes(byte[] bytes) {
        try {
            return Files.write(directory.resolve("x.safetensors"), bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void refused(Path path, String message) {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> SafetensorsFile.open(path))
                .withMessageContaining(path.toString())
                .withMessageContaining(message)
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
    }

    @Test
    void readsTensors() {
        Path path = write(
                "{\"__metadata__\":{\"a\":\"b\"},\"x\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[4,12]}}", 12);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.tensors()).containsOnlyKeys("x");
            TensorEntry x = file.tensor("x");
            assertThat(x.shape()).isEmpty();
            assertThat(x.type()).contains(TensorType.I64);
            assertThat(file.read(x, 0, 8).getLong()).isEqualTo(0x0b0a090807060504L);
            assertThat(file.read(x, 7, 1).get()).isEqualTo((byte) 11);
            assertThatIllegalArgumentException().isThrownBy(() -> file.read(x, 7, 2));
            assertThatExceptionOfType(KvernException.class)
                    .isThrownBy(() -> file.tensor("y"))
                    .withMessageContaining("tensor y: missing");
        }
    }

    @Test
    void namesActualAndExpectedSizeOfATruncatedFile() {
        Path path = write("{\"x\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", 23);
        long full = path.toFile().length() + 1;
        refused(path, "file size: " + (full - 1) + " (expected: at least " + full + ", where tensor x ends");
        refused(writeBytes(new byte[7]), "file size: 7 (expected: at least 8");
        byte[] header = new byte[20];
        header[0] = 100;
        refused(writeBytes(header), "file size: 20 (expected: at least 108 for its header; it is truncated)");
    }

    @Test
    void refusesAbsurdHeaderLengths() {
        byte[] bytes = new byte[16];
        Arrays.fill(bytes, (byte) 0xff);
        refused(writeBytes(bytes), "header length: 18446744073709551615 (expected: 2 to 100000000)");
        refused(writeBytes(new byte[16]), "header length: 0");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"x\": | not JSON",
                "[] | header: ARRAY",
                "{\"x\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}} | dtype: 'F33'",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | 8 bytes (expected: 12 bytes for F32 [3])",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | shape: [-2]",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":\"2\",\"data_offsets\":[0,8]}} | shape: \"2\"",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} | data_offsets: [8, 0]",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}} | data_offsets: [0]",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}} | 2^63",
                "{\"x\":{},\"x\":{}} | Duplicate"
            })
    void refusesContradictoryHeaders(String header, String message) {
        refused(write(header, 16), message);
    }

    @Test
    void saysWhichFileIsMissing() {
        refused(directory.resolve("none.safetensors"), "cannot be read");
    }
}
