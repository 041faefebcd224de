/** What a request is called and what is said of its way: ids, log fields and OpenTelemetry spans. */
@NullMarked
package dev.kvern.telemetry;

import org.jspecify.annotations.NullMarked;
