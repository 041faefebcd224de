/** The cache tier as a runner sees it: chunks fetched ahead of a prefill, chunks offloaded after it. Nothing here throws. */
@NullMarked
package dev.kvern.runner.tier;

import org.jspecify.annotations.NullMarked;
