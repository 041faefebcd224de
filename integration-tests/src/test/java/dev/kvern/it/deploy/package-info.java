/** What the Helm chart renders, run: a small stand-in for Kubernetes, load on it, and what must hold meanwhile. */
@NullMarked
package dev.kvern.it.deploy;

import org.jspecify.annotations.NullMarked;
