/** Between text and token ids: tokenizer, chat template, incremental detokenization, stop texts. */
@NullMarked
package dev.kvern.runner.text;

import org.jspecify.annotations.NullMarked;
