/** Who is in the cluster and how each member does. */
@NullMarked
package dev.kvern.coordinator.membership;

import org.jspecify.annotations.NullMarked;
