/** The HTTP API that OpenAI's clients speak, over the generation front door. */
@NullMarked
package dev.kvern.coordinator.openai;

import org.jspecify.annotations.NullMarked;
