package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes whose disk is full. They keep no block on it: only Ignite's working files and the libraries that are unpacked there. */
@Timeout(120)
class FullDiskIT {
    private static final long LIMIT_SECONDS = 60;
    private static final int BYTES = 1 << 20;
    private static final int FAILED = 1;

    @TempDir
    private Path directory;

    private ServiceProcess start(Path disk) {
        return new ServiceStarter(Source.CLASS_PATH, directory)
                .start(
                        "node",
                        "node",
                        List.of(
                                "listen.grpc_port=0",
                                "ignite.discovery_port=0",
                                "ignite.communication_port=0",
                                "ignite.work_directory=" + disk.resolve("work"),
                                "memory.region_bytes=" + (64 << 20),
                                "memory.max_block_bytes=" + (4 << 20)),
                        List.of("-Djava.io.tmpdir=" + disk));
    }

    @Test
    void aNodeWithoutRoomForItsDirectorySaysSo() throws IOException {
        try (var disk = new FullDisk(Files.createDirectory(directory.resolve("disk")), 1)) {
            disk.fillWithFiles();
            try (ServiceProcess node = start(disk.directory())) {
                assertThat(node.awaitEnd(LIMIT_SECONDS)).isEqualTo(FAILED);
                assertThat(node.output())
                        .contains(
                                "ignite.work_directory",
                                disk.directory().toString(),
                                "No space left on device",
                                "expected")
                        .doesNotContain("\tat ");
            }
        }
    }

    @Test
    void aNodeThatCanWriteNoByteServes() throws IOException {
        try (var disk = new FullDisk(Files.createDirectory(directory.resolve("disk")), 1)) {
            disk.fill();
            try (ServiceProcess node = start(disk.directory())) {
                assertServes(node.awaitReady().get("grpc"), 1);
                assertEnds(node);
            }
        }
    }

    @Test
    void aDiskThatFillsLaterHarmsNothing() throws IOException {
        try (var disk = new FullDisk(Files.createDirectory(directory.resolve("disk")), 16)) {
            try (ServiceProcess node = start(disk.directory())) {
                String address = node.awaitReady().get("grpc");
                assertServes(address, 1);
                disk.fill();
                assertServes(address, 2);
                try (var client = new TierClient(TierClient.PATIENT, List.of(address))) {
                    assertThat(client.holds(TestChunk.of(1, 1, BYTES)))
                            .as("stored before")
                            .isTrue();
                }
                assertEnds(node);
            }
        }
    }

    private static void assertServes(String address, int number) {
        TestChunk chunk = TestChunk.of(1, number, BYTES);
        try (var client = new TierClient(TierClient.PATIENT, List.of(address))) {
            assertThat(client.put(chunk)).isTrue();
            assertThat(client.holds(chunk)).isTrue();
        }
    }

    private static void assertEnds(ServiceProcess node) {
        node.stop();
        assertThat(node.awaitEnd(LIMIT_SECONDS))
                .as("exit code, having been asked to end")
                .isZero();
    }
}
