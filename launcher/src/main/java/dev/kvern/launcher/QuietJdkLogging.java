package dev.kvern.launcher;

import java.util.logging.Level;
import java.util.logging.Logger;

/** Configures the JDK's loggers, by its convention in the constructor: severe messages only. */
public final class QuietJdkLogging {
    private static final Logger ROOT = Logger.getLogger("");

    public QuietJdkLogging() {
        ROOT.setLevel(Level.SEVERE);
    }
}
