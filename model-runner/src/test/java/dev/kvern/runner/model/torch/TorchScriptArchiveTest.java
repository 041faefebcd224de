package dev.kvern.runner.model.torch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

class TorchScriptArchiveTest {
    private static final String SOURCE = """
            def twice(x: Tensor) -> Tensor:
              return x * 2

            class Sums(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self, x: Tensor, y: float) -> Tensor:
                return __torch__.twice(x) + y
            """;

    @Test
    void writesStoredEntriesThatDependOnTheSourceAlone() throws IOException {
        byte[] archive = TorchScriptArchive.write("Sums", SOURCE);
        assertThat(TorchScriptArchive.write("Sums", SOURCE)).isEqualTo(archive);
        Map<String, byte[]> entries = new HashMap<>();
        try (var zip = new ZipInputStream(new ByteArrayInputStream(archive))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
                entries.put(entry.getName(), zip.readAllBytes());
            }
        }
        assertThat(entries)
                .containsOnlyKeys(
                        "kernel/data.pkl",
                        "kernel/code/__torch__.py",
                        "kernel/constants.pkl",
                        "kernel/version",
                        "kernel/byteorder");
        assertThat(new String(entries.get("kernel/code/__torch__.py"), StandardCharsets.UTF_8))
                .isEqualTo(SOURCE);
    }

    @Test
    void pytorchRunsIt() throws IOException {
        TorchRuntime.start(0);
        byte[] archive = TorchScriptArchive.write("Sums", SOURCE);
        try (PtNDManager manager = TorchRuntime.newManager();
                var module = JniUtils.loadModule(manager, new ByteArrayInputStream(archive), false, false);
                PtNDArray x = (PtNDArray) manager.create(new float[] {1, 2});
                IValue argument = IValue.from(x);
                IValue addend = IValue.from(0.5);
                IValue result = IValueUtils.runMethod(module, "forward", argument, addend);
                PtNDArray sum = result.toTensor(manager)) {
            assertThat(sum.getDataType()).isEqualTo(DataType.FLOAT32);
            assertThat(sum.toFloatArray()).containsExactly(2.5f, 4.5f);
        }
    }
}
