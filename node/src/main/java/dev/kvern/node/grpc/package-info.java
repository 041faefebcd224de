/** BlockStoreService over a store. */
@NullMarked
package dev.kvern.node.grpc;

import org.jspecify.annotations.NullMarked;
