/** A Hugging Face model directory, loaded and run. */
@NullMarked
package dev.kvern.runner.model;

import org.jspecify.annotations.NullMarked;
