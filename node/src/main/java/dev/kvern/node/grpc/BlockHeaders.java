package dev.kvern.node.grpc;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockKey;
import dev.kvern.node.store.StoredHeader;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Between the wire's messages and our values, with the checks that belong to it. */
final class BlockHeaders {
    private static final int KEY_BYTES = 32;

    private BlockHeaders() {}

    static List<BlockKey> keys(List<ByteString> keys, int most) {
        if (keys.size() > most) {
            throw KvernException.invalid("keys", keys.size() + " keys", "at most " + most);
        }
        var parsed = new ArrayList<BlockKey>(keys.size());
        for (int i = 0; i < keys.size(); i++) {
            parsed.add(key("keys[" + i + "]", keys.get(i)));
        }
        return parsed;
    }

    static BlockKey key(String field, ByteString bytes) {
        if (bytes.size() != KEY_BYTES) {
            throw KvernException.invalid(field, bytes.size() + " bytes", KEY_BYTES + " bytes");
        }
        return BlockKey.of(bytes);
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
        return BlockHeader.newBuilder()
                .setKey(key.toByteString())
                .setSizeBytes(stored.payloadBytes())
                .setCrc32C(stored.crc32c())
                .setTokens(stored.tokens())
                .setParentKey(stored.parent().map(BlockKey::toByteString).orElse(ByteString.EMPTY))
                .build();
    }
}
