#!/usr/bin/env bash
# Makes a small base image as a docker-archive, without a container engine and without a registry of images: the C and C++ libraries, time
# zones and names of networks of this machine's distribution (Debian or Ubuntu), and nothing that could be run: no shell, no package manager.
#   base.sh OUT.tar                  the base
#   base.sh OUT.tar SITE_PACKAGES    the same with PyPI's torch and its CUDA libraries, for kvern/runner-cuda: a directory
#                                    into which `pip install torch==2.7.1` has put them
# The same packages give the same bytes: files are sorted, belong to root and are as old as SOURCE_DATE_EPOCH (default: 2026-01-01).
set -euo pipefail
export LC_ALL=C

packages=(base-files libc6 libc-bin libgcc-s1 libstdc++6 netbase tzdata zlib1g)
# What of these packages is of use to a server that brings its own Java: loader and libraries, the UTF-8 locale, names and time zones, licences.
# Conversions of character sets (gconv) are done in Java.
kept=(./lib ./lib64 ./usr/lib ./usr/lib64 ./etc/debian_version ./etc/host.conf ./etc/protocols ./etc/services ./etc/os-release
    ./usr/share/zoneinfo ./usr/share/doc)
dropped=('./usr/lib/*/gconv' './lib/*/gconv' './usr/share/zoneinfo/right' './usr/share/zoneinfo/posix' './usr/share/doc/*/*.gz'
    './usr/share/doc/*/NEWS*' './usr/share/doc/*/README*' './usr/share/doc/*/changelog*' './usr/share/doc/*/test*' './usr/lib/locale/[!C]*')

fail() {
    echo "base.sh: $1" >&2
    exit 1
}

[ $# = 1 ] || [ $# = 2 ] || fail "$# arguments (expected: OUT.tar [SITE_PACKAGES])"
mkdir -p "$(dirname "$1")"
out=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
torch=${2:-}
[ -z "$torch" ] || [ -e "$torch/torch/lib/libtorch_cuda.so" ] ||
    fail "$torch has no torch/lib/libtorch_cuda.so (expected: a directory of PyPI's torch==2.7.1 with its nvidia-* packages)"
for tool in apt-get dpkg-deb dpkg; do
    command -v $tool >/dev/null || fail "no $tool (expected: Debian or Ubuntu; elsewhere name a base image, see README.md)"
done
epoch=${SOURCE_DATE_EPOCH:-1767225600}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$work/packages" "$root"
# apt fetches as a user of its own where it can.
chmod 755 "$work"
chmod 777 "$work/packages"
download() {
    (cd "$work/packages" && apt-get download -q "$@") >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; fail "packages cannot be had (expected: lists of packages, by apt-get update)"; }
}
download "${packages[@]}"
# The compiler's libraries refer to this package, named by its version, for their licence.
licences=$(dpkg-deb --field "$work"/packages/libgcc-s1_*.deb Depends | grep -o 'gcc-[0-9]*-base')
download "$licences"
packages+=("$licences")

# Today's distributions have /lib and /lib64 in /usr, whatever older packages of theirs say.
mkdir -p "$root/usr/lib" "$root/usr/lib64" "$root/usr/bin" "$root/usr/sbin"
ln -s usr/bin "$root/bin"
ln -s usr/sbin "$root/sbin"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
# So do scanners of images learn what is in it.
mkdir -p "$root/var/lib/dpkg/status.d"
for name in "${packages[@]}"; do
    file=$(echo "$work/packages/${name}_"*.deb)
    dpkg-deb --fsys-tarfile "$file" >"$work/files.tar"
    tar -tf "$work/files.tar" >"$work/names"
    there=()
    for path in "${kept[@]}"; do
        if grep -q -E "^$path(/|\$)" "$work/names"; then
            there+=("$path")
        fi
    done
    tar -xf "$work/files.tar" -C "$root" --keep-directory-symlink --wildcards "${dropped[@]/#/--exclude=}" "${there[@]}"
    dpkg-deb --field "$file" >"$root/var/lib/dpkg/status.d/$name"
done

mkdir -p "$root/etc" "$root/home" "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/tmp" "$root/var/tmp"
cat >"$root/etc/passwd" <<'EOF'
root:x:0:0:root:/root:/usr/sbin/nologin
kvern:x:10001:10001:Kvern:/tmp:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
EOF
cat >"$root/etc/group" <<'EOF'
root:x:0:
kvern:x:10001:
nogroup:x:65534:
EOF
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
if [ -n "$torch" ]; then
    # As they lie to each other in site-packages: libtorch looks for the others from its own place.
    mkdir -p "$root/opt/torch/torch"
    cp -r --no-preserve=ownership "$torch/torch/lib" "$root/opt/torch/torch/lib"
    rm -f "$root"/opt/torch/torch/lib/libtorch_python.so "$root"/opt/torch/torch/lib/*.a
    (cd "$torch" && ls -d nvidia/*/lib cusparselt/lib 2>/dev/null || true) | while read -r lib; do
        mkdir -p "$(dirname "$root/opt/torch/$lib")"
        cp -r --no-preserve=ownership "$torch/$lib" "$root/opt/torch/$lib"
    done
fi
find "$root" -type d -exec chmod 755 {} +
find "$root" -type f -exec chmod 644 {} +
chmod 755 "$root"/usr/lib*/*/ld-linux* "$root"/usr/lib64/ld-linux* 2>/dev/null || true
chmod 1777 "$root/tmp" "$root/var/tmp"

archive() {
    tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --format=gnu "$@"
}
mkdir "$work/image"
archive -cf "$work/image/layer.tar" -C "$root" .
layer=$(sha256sum <"$work/image/layer.tar" | cut -d ' ' -f 1)
cat >"$work/config" <<EOF
{"architecture":"$(dpkg --print-architecture)","os":"linux","created":"$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)","config":{"Env":["PATH=/opt/java/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]},"history":[{"created_by":"deploy/images/base.sh"}]}
EOF
config=$(sha256sum <"$work/config" | cut -d ' ' -f 1)
mv "$work/config" "$work/image/$config.json"
echo "[{\"Config\":\"$config.json\",\"RepoTags\":[\"kvern/base:latest\"],\"Layers\":[\"layer.tar\"]}]" >"$work/image/manifest.json"
archive -cf "$work/out.tar" -C "$work/image" manifest.json "$config.json" layer.tar
# One that is the same stays as it is.
cmp -s "$work/out.tar" "$out" || mv "$work/out.tar" "$out"
