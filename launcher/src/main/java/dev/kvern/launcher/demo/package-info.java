/** {@code kvern demo}: a cluster of separate processes on this machine, and a workload that shows what it shares. */
@NullMarked
package dev.kvern.launcher.demo;

import org.jspecify.annotations.NullMarked;
