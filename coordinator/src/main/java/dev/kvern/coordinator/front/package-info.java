/** The generation front door: routes calls to runners and streams their answers through. */
@NullMarked
package dev.kvern.coordinator.front;

import org.jspecify.annotations.NullMarked;
