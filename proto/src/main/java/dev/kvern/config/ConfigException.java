package dev.kvern.config;

import java.util.List;

/** A configuration that cannot be used, with every mistake found in it. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    public ConfigException(List<String> problems) {
        super("configuration refused:\n  " + String.join("\n  ", problems));
        this.problems = List.copyOf(problems);
    }

    /** One line for each mistake: the key, the value, what was expected. */
    public List<String> problems() {
        return problems;
    }
}
