package dev.kvern.runner.kv;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;

/** What a complete block holds: equal names, equal values. */
record BlockName(NamespaceId namespace, BlockDigest digest) {}
