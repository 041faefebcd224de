/** {@code kvern bench}: what Kvern does on this machine, measured beside what it is compared with. */
@NullMarked
package dev.kvern.launcher.bench;

import org.jspecify.annotations.NullMarked;
