package dev.kvern.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BlockLabelsTest {
    /** Checked with Python: sha256 of the CBOR array ["kvern.tenant", "alice"]. */
    private static final String ALICE = "1f616455abbfbf55e6ad73c64d2e395d8b2f79ece2cf7974838e926a6ccd1865";

    @Test
    void aTenantIsADigestOfItsSalt() {
        assertThat(TenantId.ofSalt("alice").toHex()).isEqualTo(ALICE);
        assertThat(TenantId.ofSalt("alice ")).isNotEqualTo(TenantId.ofSalt("alice"));
        assertThatThrownBy(() -> TenantId.ofSalt("")).hasMessageContaining("cache_salt: ''");
    }

    @Test
    void aNamespaceSaysModelAndTenant() {
        var model = ModelDigest.wrap(new byte[32]);
        var shared = new Namespace(model, "fp32", "fp32", 16, 64, "", "");
        assertThat(BlockLabels.of(shared).model()).contains(model);
        assertThat(BlockLabels.of(shared).tenant()).isEmpty();
        assertThat(BlockLabels.of(shared.withSalt("alice")).tenant()).contains(TenantId.ofSalt("alice"));
    }
}
