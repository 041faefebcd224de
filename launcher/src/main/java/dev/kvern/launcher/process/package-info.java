/** Services of Kvern's as processes of their own, started and ended by another one. */
@NullMarked
package dev.kvern.launcher.process;

import org.jspecify.annotations.NullMarked;
