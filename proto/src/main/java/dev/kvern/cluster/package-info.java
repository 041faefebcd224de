/** How a process joins the cluster and learns who else is there. Both ends of it live without the coordinator. */
@NullMarked
package dev.kvern.cluster;

import org.jspecify.annotations.NullMarked;
