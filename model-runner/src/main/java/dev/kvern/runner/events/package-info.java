/** What the coordinator hears of a runner: its pool's content and its load. */
@NullMarked
package dev.kvern.runner.events;

import org.jspecify.annotations.NullMarked;
