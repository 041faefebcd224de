package dev.kvern.runner.model.torch;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes, and loads, a TorchScript archive of a module without parameters, so that programs need no Python to be made: a zip, stored
 * without compression, of the source and of a pickle that names the module's class (PyTorch's serialization.md). Stateless.
 */
final class TorchScriptArchive {
    /** Archive format that PyTorch 1.6 and later read; the source uses nothing newer. */
    private static final String VERSION = "3\n";

    private static final int PROTO = 0x80;
    private static final int NEW_OBJECT = 0x81;
    private static final int NEW_FALSE = 0x89;

    private TorchScriptArchive() {}

    /**
     * Loads a program whose source is a resource.
     *
     * @param className the module's class
     * @param resource where the source is, from the class path's root
     */
    static PtSymbolBlock load(PtNDManager manager, String className, String resource) {
        return loadText(manager, className, text(resource));
    }

    /** The same of a program that is no resource. */
    static PtSymbolBlock loadText(PtNDManager manager, String className, String text) {
        try {
            return JniUtils.loadModule(manager, new ByteArrayInputStream(write(className, text)), false, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A program as it is written. */
    static String text(String resource) {
        try (InputStream in = TorchScriptArchive.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("no resource " + resource);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The archive's bytes.
     *
     * @param className the module's class in {@code source}; its one attribute is {@code training : bool}
     * @param source free functions and the class, in the dialect of archives: operators are {@code torch.name}, own
     *     functions {@code __torch__.name}
     */
    static byte[] write(String className, String source) {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "kernel/data.pkl", modulePickle(className));
            put(zip, "kernel/code/__torch__.py", utf8(source));
            put(zip, "kernel/constants.pkl", new byte[] {(byte) PROTO, 2, ')', '.'});
            put(zip, "kernel/version", utf8(VERSION));
            put(zip, "kernel/byteorder", utf8("little"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** {@code __torch__.Class()} with {@code {"training": False}}, in pickle protocol 2. */
    private static byte[] modulePickle(String className) {
        var pickle = new ByteArrayOutputStream();
        pickle.write(PROTO);
        pickle.write(2);
        pickle.writeBytes(utf8("c__torch__\n" + className + "\n"));
        pickle.write(')');
        pickle.write(NEW_OBJECT);
        pickle.writeBytes(utf8("}("));
        byte[] attribute = utf8("training");
        pickle.writeBytes(new byte[] {'X', (byte) attribute.length, 0, 0, 0});
        pickle.writeBytes(attribute);
        pickle.write(NEW_FALSE);
        pickle.writeBytes(utf8("ub."));
        return pickle.toByteArray();
    }

    private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
        var crc = new CRC32();
        crc.update(content);
        var entry = new ZipEntry(name);
        entry.setSize(content.length);
        entry.setCompressedSize(content.length);
        entry.setCrc(crc.getValue());
        // A fixed time, so that equal sources give equal bytes.
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
