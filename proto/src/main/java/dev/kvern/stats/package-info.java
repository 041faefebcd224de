/** What processes count of themselves. */
@NullMarked
package dev.kvern.stats;

import org.jspecify.annotations.NullMarked;
