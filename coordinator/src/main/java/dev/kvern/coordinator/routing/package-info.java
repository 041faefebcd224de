/** Which runner gets a request, and what is under way at each. */
@NullMarked
package dev.kvern.coordinator.routing;

import org.jspecify.annotations.NullMarked;
