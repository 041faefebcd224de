/** {@code kvern bench store}: the cache tier's data path beside Redis and a plain socket. */
@NullMarked
package dev.kvern.launcher.bench.store;

import org.jspecify.annotations.NullMarked;
