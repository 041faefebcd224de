package dev.kvern.runner.model.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostMemoryTest {
    @TempDir
    Path root;

    private void write(String file, String text) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        Files.writeString(root.resolve(file), text);
    }

    @Test
    void readsThisMachine() {
        assertThat(new HostMemory(Path.of("/")).available().orElse(0)).isBetween(1L << 20, 1L << 45);
    }

    @Test
    void whereNothingSaysItIsNotKnown() {
        assertThat(new HostMemory(root).available()).isEmpty();
    }

    @Test
    void withoutALimitItIsWhatTheMachineHas() throws IOException {
        write("proc/meminfo", "MemTotal:  2000 kB\nMemFree:   10 kB\nMemAvailable:  1500 kB\n");
        write("proc/self/cgroup", "0::/user.slice\n");
        write("sys/fs/cgroup/user.slice/memory.max", "max\n");
        write("sys/fs/cgroup/user.slice/memory.current", "500000\n");
        assertThat(new HostMemory(root).available()).hasValue(1_500 * 1024);
    }

    @Test
    void aControlGroupsLimitCountsLessWhatIsUsedAndCannotBeDropped() throws IOException {
        write("proc/meminfo", "MemAvailable:  1500000 kB\n");
        write("proc/self/cgroup", "0::/user.slice\n");
        write("sys/fs/cgroup/user.slice/memory.max", "1000000\n");
        write("sys/fs/cgroup/user.slice/memory.current", "700000\n");
        write("sys/fs/cgroup/user.slice/memory.stat", "anon 500000\nfile 200000\ninactive_file 150000\n");
        assertThat(new HostMemory(root).available()).hasValue(1_000_000 - 700_000 + 150_000);
    }

    @Test
    void inAContainerItsGroupIsTheRoot() throws IOException {
        write("proc/meminfo", "MemAvailable:  1500000 kB\n");
        write("proc/self/cgroup", "0::/../../pod7\n");
        write("sys/fs/cgroup/memory.max", "1000000\n");
        write("sys/fs/cgroup/memory.current", "1100000\n");
        assertThat(new HostMemory(root).available()).as("more than it may").hasValue(0);
    }

    @Test
    void knowsTheOlderControlGroupsToo() throws IOException {
        write("proc/meminfo", "MemAvailable:  1500000 kB\n");
        write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/box\n0::/\n");
        write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1000000\n");
        write("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "400000\n");
        write("sys/fs/cgroup/memory/box/memory.stat", "inactive_file 1\ntotal_inactive_file 100000\n");
        assertThat(new HostMemory(root).available()).hasValue(700_000);
        write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
        assertThat(new HostMemory(root).available()).as("no limit").hasValue(1_500_000L * 1024);
    }
}
