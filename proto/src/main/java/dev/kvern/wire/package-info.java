/** The block store's streams on the wire: the published messages, with payloads that protobuf does not copy. */
@NullMarked
package dev.kvern.wire;

import org.jspecify.annotations.NullMarked;
