#!/usr/bin/env bash
# Builds images a second time, base and Java runtime included, and compares them byte for byte with what build.sh has made before.
#   reproduce.sh [MAVEN_ARGUMENT...]    all of node, coordinator and runner, or IMAGES="node ..." alone
set -euo pipefail
cd "$(dirname "$0")/../.."

before=$(mktemp)
trap 'rm -f "$before"' EXIT
for image in ${IMAGES:-node coordinator runner}; do
    sha256sum "deploy/images/$image/target/jib-image.tar"
    rm -rf "deploy/images/$image/target"
done >"$before"
# Nothing is taken from a cache.
rm -rf deploy/images/target
deploy/images/build.sh "$@"
sha256sum --check "$before"
