package dev.kvern.runner.engine;

/**
 * Neighbouring prompt tokens whose KV came from one source.
 *
 * @param tokens at least 1
 */
public record PromptSpan(Source source, int tokens) {}
