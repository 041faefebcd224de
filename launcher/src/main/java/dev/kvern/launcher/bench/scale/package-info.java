/** {@code kvern bench scale}: the cache tier as it fills, as nodes come and go, and with several nodes. */
@NullMarked
package dev.kvern.launcher.bench.scale;

import org.jspecify.annotations.NullMarked;
