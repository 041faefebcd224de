/** What every Kvern server and client shares on the wire: failures with a reason, and how servers are set up. */
@NullMarked
package dev.kvern.rpc;

import org.jspecify.annotations.NullMarked;
