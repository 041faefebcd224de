/**
 * The Jinja that Hugging Face chat templates are written in: jinja2 3.1 as transformers configures it, with Python's
 * rules for text, numbers, truth and equality. Output is the reference's, byte for byte; whatever a template does is
 * bounded.
 */
@NullMarked
package dev.kvern.runner.chat.jinja;

import org.jspecify.annotations.NullMarked;
