/** How a process joins the cluster and learns who else is there. Members live without any coordinator, and with several. */
@NullMarked
package dev.kvern.cluster;

import org.jspecify.annotations.NullMarked;
