/** The dashboard, its data, metrics and health over HTTP. */
@NullMarked
package dev.kvern.coordinator.http;

import org.jspecify.annotations.NullMarked;
