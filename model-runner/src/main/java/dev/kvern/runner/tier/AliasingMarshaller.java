package dev.kvern.runner.tier;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.GetResponse;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;

/** Reads messages whose data fields share the memory that the message came in, where protobuf would copy each. */
final class AliasingMarshaller implements MethodDescriptor.Marshaller<GetResponse> {
    /** BlockStoreService.Get, read that way. */
    static final MethodDescriptor<GetRequest, GetResponse> GET = BlockStoreServiceGrpc.getGetMethod().toBuilder(
                    BlockStoreServiceGrpc.getGetMethod().getRequestMarshaller(), new AliasingMarshaller())
            .build();

    private AliasingMarshaller() {}

    @Override
    public InputStream stream(GetResponse value) {
        return value.toByteString().newInput();
    }

    @Override
    public GetResponse parse(InputStream stream) {
        try {
            CodedInputStream in =
                    UnsafeByteOperations.unsafeWrap(readAll(stream)).newCodedInput();
            in.enableAliasing(true);
            return GetResponse.parseFrom(in);
        } catch (IOException e) {
            throw Status.INTERNAL
                    .withDescription("malformed message")
                    .withCause(e)
                    .asRuntimeException();
        }
    }

    private static byte[] readAll(InputStream stream) throws IOException {
        if (!(stream instanceof KnownLength)) {
            return stream.readAllBytes();
        }
        byte[] bytes = new byte[stream.available()];
        int read = stream.readNBytes(bytes, 0, bytes.length);
        if (read != bytes.length) {
            throw new IOException(read + " bytes (expected: " + bytes.length + ")");
        }
        return bytes;
    }
}
