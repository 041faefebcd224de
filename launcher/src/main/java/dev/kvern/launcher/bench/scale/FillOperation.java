package dev.kvern.launcher.bench.scale;

/**
 * What is done to a store that is filled, in the order of the table.
 *
 * <p>{@code blocks} of one operation, and how many operations each connection does in a round.
 */
enum FillOperation {
    GET("GET of 1", 1, 1_000),
    GET_RUN("GET of a run of 32", 32, 80),
    MATCH("Match of a chain", 0, 40),
    PUT("PUT of 8 new", 8, 40);

    private final String label;
    private final int blocks;
    private final int turns;

    FillOperation(String label, int blocks, int turns) {
        this.label = label;
        this.blocks = blocks;
        this.turns = turns;
    }

    /** Blocks of one operation; a chain's for {@link #MATCH}. */
    int blocks(Chains chains) {
        return blocks == 0 ? chains.length() : blocks;
    }

    int turns() {
        return turns;
    }

    @Override
    public String toString() {
        return label;
    }
}
