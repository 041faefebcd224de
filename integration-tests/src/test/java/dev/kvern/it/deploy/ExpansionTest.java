package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpansionTest {
    private static final Map<String, String> VARIABLES =
            Map.of("POD", "node-0", "EMPTY", "", "NESTED", "$(POD)", "A.B-C", "odd");

    /** Cases of Kubernetes' own expand_test.go among them. */
    @ParameterizedTest
    @CsvSource({
        "id=$(POD), id=node-0",
        "$(POD)$(POD), node-0node-0",
        "a$(EMPTY)b, ab",
        "$(UNKNOWN)-x, $(UNKNOWN)-x",
        "$$(POD), $(POD)",
        "$$$(POD), $node-0",
        "$(NESTED), $(POD)",
        "$(A.B-C), odd",
        "$(POD, $(POD",
        "$POD, $POD",
        "cost: 5$, cost: 5$",
        "$$, $",
        "$(POD))$(, node-0)$(",
        "plain, plain"
    })
    void referencesBecomeValuesAsInKubernetes(String text, String expanded) {
        assertThat(Expansion.expand(text, VARIABLES)).isEqualTo(expanded);
    }
}
