package dev.kvern.block;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;

/** A value of 32 bytes that a hash function made: each kind has a type of its own, so that none is taken for another. */
public sealed interface HashValue permits BlockDigest, BlockKey, ModelDigest, NamespaceId, TenantId {
    /** How many there are. */
    int BYTES = Sha256.BYTES;

    /** The bytes. */
    Hash256 hash();

    /** The 32 bytes for a message field, not copied. */
    default ByteString toByteString() {
        return UnsafeByteOperations.unsafeWrap(hash().bytes());
    }

    /** A copy of the 32 bytes. */
    default byte[] toByteArray() {
        return hash().bytes().clone();
    }

    /** 64 lower-case hexadecimal digits. */
    default String toHex() {
        return hash().toHex();
    }
}
