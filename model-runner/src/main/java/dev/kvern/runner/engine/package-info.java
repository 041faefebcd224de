/** From a prompt's tokens to generated tokens: admission, cached prefixes, prefill in aligned chunks, decode, preemption. */
@NullMarked
package dev.kvern.runner.engine;

import org.jspecify.annotations.NullMarked;
