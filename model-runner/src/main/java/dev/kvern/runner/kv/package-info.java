/** The runner's own KV blocks: who holds which, which prefixes can be used again, which go first when room is needed. */
@NullMarked
package dev.kvern.runner.kv;

import org.jspecify.annotations.NullMarked;
