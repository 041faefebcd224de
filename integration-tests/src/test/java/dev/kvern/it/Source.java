package dev.kvern.it;

import java.nio.file.Path;

/** Where what is tested lies. */
public final class Source {
    /** The repository's root; tests run in their module's directory. */
    public static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    /** The model that comes with Kvern. */
    public static final Path MODEL = ROOT.resolve("model-runner/models/kvern-demo");

    /** The class path that the kvern script runs. */
    public static final String CLASS_PATH = ROOT.resolve("launcher/target/dist/lib") + "/*";

    private Source() {}
}
