package dev.kvern.wire;

import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.PutResponse;
import io.grpc.MethodDescriptor;

/** BlockStoreService's two methods that move payload, with messages that do not copy it. */
public final class BlockStoreMethods {
    public static final MethodDescriptor<GetRequest, BlockPart> GET = BlockStoreServiceGrpc.getGetMethod().toBuilder(
                    BlockStoreServiceGrpc.getGetMethod().getRequestMarshaller(), BlockPartMarshaller.GET_RESPONSE)
            .build();

    public static final MethodDescriptor<BlockPart, PutResponse> PUT = BlockStoreServiceGrpc.getPutMethod().toBuilder(
                    BlockPartMarshaller.PUT_REQUEST,
                    BlockStoreServiceGrpc.getPutMethod().getResponseMarshaller())
            .build();

    private BlockStoreMethods() {}
}
