package dev.kvern.launcher;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/**
 * What a command line came to.
 *
 * @param exitCode what a shell would see
 * @param out standard output
 * @param err standard error
 */
record CommandRun(int exitCode, String out, String err) {
    /** Runs a command line as {@code main} does, but for the exit. */
    static synchronized CommandRun of(String... arguments) {
        PrintStream before = System.out;
        var printed = new ByteArrayOutputStream();
        var out = new StringWriter();
        var err = new StringWriter();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            CommandLine line = Kvern.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
            int exitCode = line.execute(arguments);
            return new CommandRun(exitCode, out + printed.toString(StandardCharsets.UTF_8), err.toString());
        } finally {
            System.setOut(before);
        }
    }
}
