package dev.kvern.runner.chat.jinja;

/** Python's {@code None}. */
enum None implements Value {
    NONE;

    @Override
    public String typeName() {
        return "NoneType";
    }

    @Override
    public boolean truthy() {
        return false;
    }

    @Override
    public void repr(TextBuilder out) {
        out.append("None");
    }
}
