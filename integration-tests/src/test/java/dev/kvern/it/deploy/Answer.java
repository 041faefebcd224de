package dev.kvern.it.deploy;

import java.util.List;

/**
 * What a caller got.
 *
 * @param tokens empty if the way does not tell them
 * @param cachedTokens of the prompt's, those whose keys and values came from a cache
 * @param clusterTokens of these, those from cache nodes; 0 if the way does not tell
 */
record Answer(String text, List<Integer> tokens, int promptTokens, int cachedTokens, int clusterTokens) {}
