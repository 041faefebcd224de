package dev.kvern.launcher.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.KvernException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ProcessorsTest {
    private static final ServiceStarter STARTER = new ServiceStarter("classes", Path.of("."));

    @Test
    void theKernelsListsAreRead() {
        assertThat(Processors.parse("0-3,8")).containsExactly(0, 1, 2, 3, 8);
        assertThat(Processors.parse("5")).containsExactly(5);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void asManyAreThisProcesssAsTheJvmFinds() {
        // A JVM can be told of fewer, and a control group's share may count as fewer.
        assertThat(Processors.ofThisProcess())
                .hasSizeGreaterThanOrEqualTo(Runtime.getRuntime().availableProcessors());
    }

    @Test
    void eachNodeHasItsOwn() {
        Processors processors = Processors.apart(List.of(0, 1, 2, 3, 6, 7), 2, 2);

        assertThat(processors.forNode(STARTER, 0).prefix()).containsExactly("taskset", "-c", "0,1");
        assertThat(processors.forNode(STARTER, 1).prefix()).containsExactly("taskset", "-c", "2,3");
    }

    @Test
    void sharedOnesNeedNoCommand() {
        assertThat(Processors.shared().forNode(STARTER, 3)).isEqualTo(STARTER);
    }

    @Test
    void clientsMustHaveSome() {
        assertThatThrownBy(() -> Processors.apart(List.of(0, 1, 2, 3), 2, 2))
                .isInstanceOf(KvernException.class)
                .hasMessageContaining("processors: 4 (expected: more than the 4 of 2 nodes)");
    }
}
