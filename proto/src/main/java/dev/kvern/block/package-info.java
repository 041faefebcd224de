/** What names a KV block: the digest of its tokens, the namespace of its values, and the tier's key over both. */
@NullMarked
package dev.kvern.block;

import org.jspecify.annotations.NullMarked;
