/** From chat messages to the text a model was trained on. */
@NullMarked
package dev.kvern.runner.chat;

import org.jspecify.annotations.NullMarked;
