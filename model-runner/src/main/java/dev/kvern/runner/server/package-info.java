/** The runner's GenerationService: from requests to the engine's tasks, from logits to responses. */
@NullMarked
package dev.kvern.runner.server;

import org.jspecify.annotations.NullMarked;
