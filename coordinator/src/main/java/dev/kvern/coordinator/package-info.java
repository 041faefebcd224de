/** The coordinator: membership, prefix index, routing, generation front door, dashboard. */
@NullMarked
package dev.kvern.coordinator;

import org.jspecify.annotations.NullMarked;
