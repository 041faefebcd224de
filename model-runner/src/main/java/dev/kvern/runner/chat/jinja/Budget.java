package dev.kvern.runner.chat.jinja;

/**
 * What one rendering may use. Counts evaluated nodes, and characters and elements that operations read or made, so that
 * neither loops nor texts that double in size run away. Confined to a thread.
 */
final class Budget {
    /** Evaluations; a few seconds' worth. */
    static final long STEPS = 20_000_000;
    /** Characters read or made by all operations together. A long chat, copied once a message, stays far below. */
    static final long CHARACTERS = 128_000_000;
    /** Characters of one text, the output among them. */
    static final int VALUE_SIZE = 16_000_000;
    /** Elements of one list. */
    static final int LIST_SIZE = 1_000_000;
    /** What an element of a list or dict that is made counts as, in characters; it takes about as many bytes. */
    static final int ELEMENT = 64;
    /** Evaluations within evaluations: nested expressions, and macros that call themselves. */
    static final int DEPTH = 400;
    /** Lists in lists. */
    static final int NESTING = 200;
    /** Bits of a whole number; Python refuses to print larger ones. */
    static final int INT_BITS = 14_000;

    private long steps = STEPS;
    private long characters = CHARACTERS;
    private int depth;

    void step() {
        if (--steps < 0) {
            throw new PythonError("more than " + STEPS + " evaluations");
        }
    }

    void enter() {
        step();
        if (++depth > DEPTH) {
            throw new PythonError("nested more than " + DEPTH + " deep");
        }
    }

    void leave() {
        depth--;
    }

    void charge(long count) {
        characters -= count;
        if (characters < 0) {
            throw new PythonError("more than " + CHARACTERS + " characters made");
        }
    }

    /** To be asked before a text of this size is made. */
    void checkSize(long size) {
        if (size > VALUE_SIZE) {
            throw new PythonError("a text of " + size + " characters, more than " + VALUE_SIZE);
        }
        charge(size);
    }

    /** To be asked before a list of this size is made. */
    void checkCount(long count) {
        if (count > LIST_SIZE) {
            throw new PythonError("a list of " + count + " elements, more than " + LIST_SIZE);
        }
        charge(ELEMENT * (count + 1));
    }

    /** For each element of a list whose length is seen only at its end. */
    void checkNext(int count) {
        if (count > LIST_SIZE) {
            throw new PythonError("a list of more than " + LIST_SIZE + " elements");
        }
        charge(ELEMENT);
    }

    /** To be told of what a filter or function made; what it returns may be larger than what it was given. */
    void made(Value value) {
        if (value instanceof Text text) {
            checkSize(text.value().length());
        }
    }

    /** Looking for one text in another: the worst case is the product of their lengths. */
    void chargeSearch(int length, int sought) {
        charge(length + (long) length * sought / 64);
    }

    void charge(Value value) {
        if (value instanceof Text text) {
            charge(text.value().length());
        } else if (value.hasLength()) {
            charge(4L * value.length());
        }
    }
}
