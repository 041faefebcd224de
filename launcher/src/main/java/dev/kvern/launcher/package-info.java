/** The command line: every Kvern process and every tool is a subcommand of it. */
@NullMarked
package dev.kvern.launcher;

import org.jspecify.annotations.NullMarked;
