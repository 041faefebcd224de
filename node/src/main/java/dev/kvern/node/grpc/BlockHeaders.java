package dev.kvern.node.grpc;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.HashValue;
import dev.kvern.block.ModelDigest;
import dev.kvern.block.TenantId;
import dev.kvern.node.store.StoredHeader;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Between the wire's messages and our values, with the checks that belong to it. */
public final class BlockHeaders {

    private BlockHeaders() {}

    /**
     * The keys of a field.
     *
     * @throws KvernException INVALID_ARGUMENT if there are more than {@code most}, or one is no key
     */
    public static List<BlockKey> keys(String field, List<ByteString> keys, int most) {
        if (keys.size() > most) {
            throw KvernException.invalid(field, keys.size() + " keys", "at most " + most);
        }
        var parsed = new ArrayList<BlockKey>(keys.size());
        for (int i = 0; i < keys.size(); i++) {
            parsed.add(key(field + "[" + i + "]", keys.get(i)));
        }
        return parsed;
    }

    static BlockKey key(String field, ByteString bytes) {
        checkHash(field, bytes);
        return BlockKey.of(bytes);
    }

    private static void checkHash(String field, ByteString bytes) {
        if (bytes.size() != HashValue.BYTES) {
            throw KvernException.invalid(field, bytes.size() + " bytes", HashValue.BYTES + " bytes");
        }
    }

    /** The model of a field that may be empty. */
    public static Optional<ModelDigest> model(String field, ByteString bytes) {
        if (bytes.isEmpty()) {
            return Optional.empty();
        }
        checkHash(field, bytes);
        return Optional.of(ModelDigest.of(bytes));
    }

    /** The tenant of a field that may be empty. */
    public static Optional<TenantId> tenant(String field, ByteString bytes) {
        if (bytes.isEmpty()) {
            return Optional.empty();
        }
        checkHash(field, bytes);
        return Optional.of(TenantId.of(bytes));
    }

    static BlockLabels labels(BlockHeader header) {
        return new BlockLabels(model("header.model", header.getModel()), tenant("header.tenant", header.getTenant()));
    }

    static int size(BlockHeader header, int maxBlockBytes) {
        long size = header.getSizeBytes();
        if (size < 1 || size > maxBlockBytes) {
            throw KvernException.invalid("header.size_bytes", Long.toUnsignedString(size), "1 to " + maxBlockBytes);
        }
        return (int) size;
    }

    static Optional<BlockKey> parent(BlockHeader header) {
        return header.getParentKey().isEmpty()
                ? Optional.empty()
                : Optional.of(key("header.parent_key", header.getParentKey()));
    }

    static BlockHeader header(BlockKey key, StoredHeader stored) {
        BlockLabels labels = stored.labels();
        return BlockHeader.newBuilder()
                .setKey(key.toByteString())
                .setSizeBytes(stored.payloadBytes())
                .setCrc32C(stored.crc32c())
                .setTokens(stored.tokens())
                .setParentKey(stored.parent().map(BlockKey::toByteString).orElse(ByteString.EMPTY))
                .setModel(labels.model().map(ModelDigest::toByteString).orElse(ByteString.EMPTY))
                .setTenant(labels.tenant().map(TenantId::toByteString).orElse(ByteString.EMPTY))
                .build();
    }
}
