package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TextTableTest {
    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        var table = new TextTable("runner", "tokens", "");
        table.add("a", 7, "x");
        table.add("a-long-name", 1_234_567, "");
        assertThat(table.toString().lines())
                .containsExactly(
                        "runner        tokens",
                        "-----------------------",
                        "a                  7  x",
                        "a-long-name  1234567");
    }

    @Test
    void headingsAloneAreATable() {
        assertThat(new TextTable("node", "state").toString().lines()).containsExactly("node  state", "-----------");
    }

    @Test
    void rowsHaveAsManyCellsAsThereAreHeadings() {
        var table = new TextTable("node", "state");
        assertThatThrownBy(() -> table.add("a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("1 cells (expected: 2)");
    }
}
