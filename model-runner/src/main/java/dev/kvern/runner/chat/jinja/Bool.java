package dev.kvern.runner.chat.jinja;

enum Bool implements Value {
    FALSE,
    TRUE;

    static Bool of(boolean value) {
        return value ? TRUE : FALSE;
    }

    @Override
    public String typeName() {
        return "bool";
    }

    @Override
    public boolean truthy() {
        return this == TRUE;
    }

    @Override
    public void repr(TextBuilder out) {
        out.append(truthy() ? "True" : "False");
    }
}
