/** What people do to the cache: look up, delete, drain. */
@NullMarked
package dev.kvern.node.admin;

import org.jspecify.annotations.NullMarked;
