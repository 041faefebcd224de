package dev.kvern.block;

import com.google.protobuf.ByteString;

/** Whose a block is, without the cache salt, which is the tenant's secret. 32 bytes. */
public record TenantId(Hash256 hash) implements HashValue {
    /**
     * The tenant of a salt: SHA-256 over the canonical CBOR array of a tag and the salt.
     *
     * @throws IllegalArgumentException if it is empty: the shared space is nobody's
     */
    public static TenantId ofSalt(String salt) {
        if (salt.isEmpty()) {
            throw new IllegalArgumentException("cache_salt: '' (expected: a tenant's salt)");
        }
        byte[] encoded =
                new CanonicalCbor().array(2).text("kvern.tenant").text(salt).toByteArray();
        return wrap(Sha256.newDigest().digest(encoded));
    }

    /** Reads the 32 bytes of a message field.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static TenantId of(ByteString bytes) {
        return new TenantId(Hash256.wrap(bytes.toByteArray()));
    }

    /** Takes over a 32-byte array, which the caller must not change afterwards.
     *
     * @throws IllegalArgumentException if it has another length
     */
    public static TenantId wrap(byte[] bytes) {
        return new TenantId(Hash256.wrap(bytes));
    }

    @Override
    public String toString() {
        return toHex();
    }
}
