/** Which runner holds which prefix, as the runners' KV events say. */
@NullMarked
package dev.kvern.coordinator.index;

import org.jspecify.annotations.NullMarked;
