#!/usr/bin/env bash
# Unpacks an image from its tar (a docker-archive, as build.sh makes it) without a container engine.
#   unpack.sh IMAGE.tar DIRECTORY    makes DIRECTORY/rootfs, and DIRECTORY/config.json: the image's configuration by the OCI image
#                                    specification (config.Entrypoint, config.Env, config.User ...)
# As root, files keep their owners. Images of base.sh delete nothing of a lower layer; whiteouts are not heeded.
set -euo pipefail

[ $# = 2 ] || { echo "unpack.sh: $# arguments (expected: IMAGE.tar DIRECTORY)" >&2; exit 2; }
image=$1
directory=$2
mkdir -p "$directory/rootfs"
manifest=$(tar -xOf "$image" manifest.json)
config=$(sed 's/.*"Config":"\([^"]*\)".*/\1/' <<<"$manifest")
tar -xOf "$image" "$config" >"$directory/config.json"
while read -r layer; do
    tar -xOf "$image" "$layer" >"$directory/layer"
    # Layers are compressed or not, which tar sees by itself in a file.
    tar -xpf "$directory/layer" -C "$directory/rootfs" --numeric-owner --keep-directory-symlink --warning=no-unknown-keyword
done < <(sed 's/.*"Layers":\[\([^]]*\)\].*/\1/' <<<"$manifest" | tr ',' '\n' | tr -d '"')
rm "$directory/layer"
