# Debian's kernels for tools/vm: downloaded with apt, unpacked, never installed. Sourced after debian-packages.sh.

kernels=$ringfuse_cache/kernels

# The suite that has a kernel, by version. Debian's pool forgets old versions: what is asked for is the start of one.
suite_of() {
    case "$1" in
        6.1) echo bookworm ;;
        6.12) echo trixie ;;
        7.2) echo sid ;;
        7.3) echo experimental ;;
        bookworm | trixie | sid | experimental) echo "$1" ;;
        *) die "no such kernel: $1; known are 6.1, 6.12, 7.2, 7.3, bookworm, trixie, sid, experimental" ;;
    esac
}

# Names the kernels that are there.
list_kernels() {
    local directory
    for directory in "$kernels"/*/complete; do
        [ -e "$directory" ] && printf '%s\n' "$(basename "$(dirname "$directory")") $(cat "$directory")"
    done
    return 0
}

# Sets `image`, `modules` and `version` of a kernel, which is downloaded where it is not there.
prepare_kernel() {
    local name=$1 update=$2 place=$kernels/$1 suite
    suite=$(suite_of "$name")
    mkdir -p "$kernels"
    # Two at a time must not unpack the same one.
    exec 9>"$kernels/.lock"
    flock 9
    if [ "$update" = yes ] || [ ! -e "$place/complete" ]; then
        download_kernel "$name" "$suite" "$place"
    fi
    exec 9>&-
    version=$(cat "$place/complete")
    image=$place/vmlinuz
    modules=$place/base/lib/modules
}

# Downloads and unpacks the newest kernel of a suite whose version starts as asked.
download_kernel() {
    local name=$1 suite=$2 place=$3 new=$3.new apt_place=$kernels/apt-$2 package packages
    say "looking for Linux $name in Debian's $suite ($mirror)"
    update_apt_lists
    package=$(newest_package "$name" "$suite")
    # Since 7.x an image is split: one package has the kernel, one its modules, one the list of what is built in.
    packages=$(private_apt apt-cache depends --important --no-recommends "$package" \
        | sed -n 's/^ *Depends: \(linux-\(base\|binary\|modules\)-[0-9][^ ]*\)$/\1/p')
    rm -rf "$new"
    say "downloading $package"
    # shellcheck disable=SC2086 # names of packages have no blanks
    download_packages "$new/tree" $package $packages
    arrange "$new"
    rm -rf "$place" "$apt_place"
    mv "$new" "$place"
}

# Tells the newest package of a kernel: by its version, or whatever the suite calls its newest.
newest_package() {
    local name=$1 suite=$2 found
    if [ "$name" = "$suite" ]; then
        found=$(private_apt apt-cache depends --important linux-image-cloud-amd64 \
            | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1)
    else
        found=$(private_apt apt-cache search --names-only "^linux-image-${name//./\\.}[.+-].*cloud-amd64\$" \
            | cut -d' ' -f1 | grep -v -e -unsigned -e '^linux-image-[0-9.]*-cloud-amd64$' | sort -V | tail -n 1)
        # 7.3-rc7 is called 7.3-cloud-amd64.
        [ -n "$found" ] || found=$(private_apt apt-cache search --names-only \
            "^linux-image-${name//./\\.}-cloud-amd64\$" | cut -d' ' -f1)
    fi
    [ -n "$found" ] || die "$suite has no Linux $name any more; it has: $(private_apt apt-cache search --names-only \
        '^linux-image-[0-9].*cloud-amd64$' | cut -d' ' -f1 | tr '\n' ' ')(tools/vm --kernel $suite takes what there is)"
    echo "$found"
}

# Puts what was unpacked where prepare_kernel looks for it, and has depmod say which module needs which.
arrange() {
    local place=$1 found release
    found=$(find "$place/tree" -name 'vmlinuz*' -type f | head -n 1)
    [ -n "$found" ] || die "no kernel in the packages of $package"
    release=$(basename "$(find "$place/tree" -path '*/lib/modules/*' -prune -type d | head -n 1)")
    mkdir -p "$place/base/lib/modules"
    mv "$found" "$place/vmlinuz"
    mv "$(find "$place/tree" -path "*/lib/modules/$release" -type d)" "$place/base/lib/modules/$release"
    # The list of what is built in may be in a package of its own, in the same place or another.
    find "$place/tree" -name 'modules.*' -type f -exec mv -t "$place/base/lib/modules/$release" {} +
    depmod -b "$place/base" "$release"
    rm -rf "$place/tree"
    echo "$release" >"$place/complete"
}

# Tells the modules to load for some modules, in order, as lines of `insmod FILE` or `builtin NAME`.
module_order() {
    modprobe -d "${modules%/lib/modules}" -S "$version" --show-depends -a "$@" | awk '!seen[$0]++'
}
