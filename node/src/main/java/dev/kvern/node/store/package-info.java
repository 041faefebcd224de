/** Stored blocks, apart from how they are stored and how they travel: encoding, order of use, eviction. */
@NullMarked
package dev.kvern.node.store;

import org.jspecify.annotations.NullMarked;
