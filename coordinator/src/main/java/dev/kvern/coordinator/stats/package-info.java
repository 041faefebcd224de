/** Figures over the whole cluster, and the last requests. */
@NullMarked
package dev.kvern.coordinator.stats;

import org.jspecify.annotations.NullMarked;
