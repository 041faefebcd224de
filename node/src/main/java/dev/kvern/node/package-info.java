/** A cache node: an Ignite server node and the BlockStoreService in one process. */
@NullMarked
package dev.kvern.node;

import org.jspecify.annotations.NullMarked;
