/** The decoder as a TorchScript program, run by PyTorch through DJL. */
@NullMarked
package dev.kvern.runner.model.torch;

import org.jspecify.annotations.NullMarked;
