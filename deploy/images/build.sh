#!/usr/bin/env bash
# Builds the container images, without a container engine: a small base image (base.sh), and upon it deploy/images/*/target/jib-image.tar.
#   build.sh [MAVEN_ARGUMENT...]    such as -o, or -Dkvern.image.base=debian:bookworm-slim for another base than base.sh's
#   IMAGES="node runner" build.sh   these alone
#   TORCH=SITE_PACKAGES build.sh    kvern/runner-cuda too, upon base.sh's base with PyTorch for CUDA (see README.md)
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$PWD/deploy/images/target
images=
for image in ${IMAGES:-node coordinator runner}; do
    images=${images:+$images,}deploy/images/$image
done

case " $* " in
    *" -Dkvern.image.base="*) ;;
    *)
        deploy/images/base.sh "$target/base.tar"
        set -- "-Dkvern.image.base=tar://$target/base.tar" "$@"
        ;;
esac
case " $* " in
    *" -Dkvern.image.cuda.base="*) images=$images,deploy/images/runner-cuda ;;
    *)
        if [ -n "${TORCH:-}" ]; then
            deploy/images/base.sh "$target/cuda-base.tar" "$TORCH"
            images=$images,deploy/images/runner-cuda
            set -- "-Dkvern.image.cuda.base=tar://$target/cuda-base.tar" -Dkvern.image.cuda.libtorch=/opt/torch/torch/lib "$@"
        fi
        ;;
esac

# What Jib keeps of layers and bases between builds stays with the build.
./mvnw -B -q -Pimages -pl "$images" -am -DskipTests -Dspotless.check.skip "-Djib.applicationCache=$target/jib-cache" \
    "-Djib.baseImageCache=$target/jib-base-cache" "$@" package
for image in ${images//,/ }; do
    printf '%-32s %4d MB\n' "$image/target/jib-image.tar" "$(($(stat -c %s "$image/target/jib-image.tar") / 1000000))"
done
