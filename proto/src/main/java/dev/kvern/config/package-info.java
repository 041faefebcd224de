/** One process's configuration: defaults, then a YAML file, then overrides, bound to a record or refused as a whole. */
@NullMarked
package dev.kvern.config;

import org.jspecify.annotations.NullMarked;
