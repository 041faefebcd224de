/** What the composition roots of all processes share. */
@NullMarked
package dev.kvern.process;

import org.jspecify.annotations.NullMarked;
