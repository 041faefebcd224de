/** The model-runner's process: its configuration and how its parts are put together. */
@NullMarked
package dev.kvern.runner;

import org.jspecify.annotations.NullMarked;
