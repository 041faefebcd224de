package dev.kvern.runner.chat.jinja;

import java.math.BigInteger;

record Int(BigInteger value) implements Value {
    Int {
        if (value.bitLength() > Budget.INT_BITS) {
            throw new PythonError("a whole number of more than " + Budget.INT_BITS + " bits");
        }
    }

    static Int of(long value) {
        return new Int(BigInteger.valueOf(value));
    }

    @Override
    public String typeName() {
        return "int";
    }

    @Override
    public boolean truthy() {
        return value.signum() != 0;
    }

    @Override
    public void repr(TextBuilder out) {
        out.append(value.toString());
    }
}
