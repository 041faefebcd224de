/** Tests of what is deployed. */
@NullMarked
package dev.kvern.deploy;

import org.jspecify.annotations.NullMarked;
