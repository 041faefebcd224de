/** Choosing the next token from logits. */
@NullMarked
package dev.kvern.runner.sampling;

import org.jspecify.annotations.NullMarked;
