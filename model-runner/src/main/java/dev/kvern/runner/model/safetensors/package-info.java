/** The safetensors file format, read through memory maps; knows nothing of models. */
@NullMarked
package dev.kvern.runner.model.safetensors;

import org.jspecify.annotations.NullMarked;
