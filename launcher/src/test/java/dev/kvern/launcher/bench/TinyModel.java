package dev.kvern.launcher.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model that is loaded and run in moments. */
final class TinyModel {
    static final ModelShape SHAPE = new ModelShape("tiny", 2, 32, 4, 2, 48, 64, 512);

    private TinyModel() {}

    static Path write(Path directory) throws IOException {
        RandomModel.write(SHAPE, Files.createDirectories(directory));
        return directory;
    }
}
