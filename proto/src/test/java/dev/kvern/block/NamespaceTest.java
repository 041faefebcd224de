package dev.kvern.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class NamespaceTest {
    private static final ModelDigest MODEL = ModelDigest.wrap(new byte[32]);
    private static final Namespace BASE = new Namespace(MODEL, "fp32", "fp32", 16, 64, "", "");

    @Test
    void everyFieldChangesTheNamespace() {
        byte[] other = new byte[32];
        other[31] = 1;
        var all = List.of(
                BASE,
                new Namespace(ModelDigest.wrap(other), "fp32", "fp32", 16, 64, "", ""),
                new Namespace(MODEL, "bf16", "fp32", 16, 64, "", ""),
                new Namespace(MODEL, "fp32", "bf16", 16, 64, "", ""),
                new Namespace(MODEL, "fp32", "fp32", 32, 64, "", ""),
                new Namespace(MODEL, "fp32", "fp32", 16, 128, "", ""),
                new Namespace(MODEL, "fp32", "fp32", 16, 64, "a", ""),
                BASE.withSalt("a"));
        var ids = new HashSet<NamespaceId>();
        all.forEach(namespace -> ids.add(namespace.id()));
        assertThat(ids).hasSameSizeAs(all);
    }

    @Test
    void saltStaysOutOfLogs() {
        assertThat(BASE.withSalt("hush-hush").toString()).contains("salted").doesNotContain("hush");
    }

    @Test
    void chunkMustBeAPowerOfTwoTimesTheBlock() {
        for (int chunk : new int[] {8, 24, 48, 0, -64}) {
            assertThatThrownBy(() -> new Namespace(MODEL, "fp32", "fp32", 16, chunk, "", ""))
                    .hasMessage("chunk_tokens: " + chunk + " (expected: a power of two times block_tokens 16)");
        }
        assertThatThrownBy(() -> new BlockChain(0)).hasMessage("block_tokens: 0 (expected: at least 1)");
    }

    @Test
    void aKeyHas32Bytes() {
        assertThatThrownBy(() -> BlockKey.wrap(new byte[31])).hasMessage("hash of 31 bytes (expected: 32)");
        assertThatThrownBy(() -> BlockKey.parse("xyz"))
                .hasMessageContaining("xyz")
                .hasMessageContaining("64 hex");
    }
}
