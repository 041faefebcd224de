/** {@code kvern bench soak}: whether processes that serve for long use no more than they did before, and answer the same. */
@NullMarked
package dev.kvern.launcher.bench.soak;

import org.jspecify.annotations.NullMarked;
