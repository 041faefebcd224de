/** The distributed engine below the store: Apache Ignite, configured and watched. */
@NullMarked
package dev.kvern.node.ignite;

import org.jspecify.annotations.NullMarked;
