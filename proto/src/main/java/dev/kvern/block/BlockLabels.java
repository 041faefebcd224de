package dev.kvern.block;

import java.util.Optional;

/**
 * What a block's key hides and people delete by. It decides nothing about a block's values: that is the key's part.
 *
 * @param model whose values they are; empty if that was not said
 * @param tenant whose block it is; empty in the shared space
 */
public record BlockLabels(Optional<ModelDigest> model, Optional<TenantId> tenant) {
    /** Nothing said. */
    public static final BlockLabels NONE = new BlockLabels(Optional.empty(), Optional.empty());

    /** The labels of what a namespace holds. */
    public static BlockLabels of(Namespace namespace) {
        return new BlockLabels(
                Optional.of(namespace.modelDigest()),
                namespace.salt().isEmpty() ? Optional.empty() : Optional.of(TenantId.ofSalt(namespace.salt())));
    }
}
