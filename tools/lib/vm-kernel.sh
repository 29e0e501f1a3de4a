# Debian's kernels for tools/vm: downloaded with apt, unpacked, never installed. Sourced after setup.sh.

kernels=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ringfuse/kernels
mirror=${RINGFUSE_MIRROR:-http://deb.debian.org/debian}

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
    local name=$1 suite=$2 place=$3 new=$3.new package packages
    say "looking for Linux $name in Debian's $suite ($mirror)"
    write_apt_settings "$suite"
    private_apt apt-get update -q -o APT::Update::Error-Mode=any >"$kernels/apt-$suite/log" 2>&1 || {
        tail -n 5 "$kernels/apt-$suite/log" >&2
        die "apt could not read $suite from $mirror (network? mirror?)"
    }
    package=$(newest_package "$name" "$suite")
    # Since 7.x an image is split: one package has the kernel, one its modules, one the list of what is built in.
    packages=$(private_apt apt-cache depends --important --no-recommends "$package" \
        | sed -n 's/^ *Depends: \(linux-\(base\|binary\|modules\)-[0-9][^ ]*\)$/\1/p')
    rm -rf "$new"
    mkdir -p "$new/packages" "$new/tree"
    say "downloading $package"
    # shellcheck disable=SC2086 # names of packages have no blanks
    (cd "$new/packages" && private_apt apt-get download -q $package $packages) >"$kernels/apt-$suite/log" 2>&1 || {
        tail -n 5 "$kernels/apt-$suite/log" >&2
        die "apt could not download $package from $mirror"
    }
    local archive
    for archive in "$new"/packages/*.deb; do dpkg -x "$archive" "$new/tree"; done
    arrange "$new"
    rm -rf "$place" "$kernels/apt-$suite"
    mv "$new" "$place"
}

# Settings of apt for one suite, so that nothing of this machine's own lists is read or changed; its proxies are used.
write_apt_settings() {
    local directory=$kernels/apt-$1
    mkdir -p "$directory"/{state/lists/partial,cache/archives/partial}
    : >"$directory/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$directory/sources.list"
    # The date up to which a suite's index is valid is not looked at: mirrors that are late have only that fault, and
    # signatures are verified all the same. Without the sandbox, whose user may not reach the cache of root.
    cat >"$directory/apt.conf" <<END
Dir::Etc::sourcelist "$directory/sources.list";
Dir::Etc::sourceparts "$directory/none";
Dir::Etc::preferences "$directory/none";
Dir::Etc::preferencesparts "$directory/none";
Dir::State "$directory/state";
Dir::State::status "$directory/status";
Dir::Cache "$directory/cache";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
END
    mkdir -p "$directory/none"
}

# Runs a program of apt with those settings; `suite` names them.
private_apt() {
    local program=$1
    shift
    APT_CONFIG=$kernels/apt-$suite/apt.conf "$program" -o APT::Default-Release= "$@"
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
    [ -n "$found" ] || die "no kernel in these packages: $(ls "$place/packages")"
    release=$(basename "$(find "$place/tree" -path '*/lib/modules/*' -prune -type d | head -n 1)")
    mkdir -p "$place/base/lib/modules"
    mv "$found" "$place/vmlinuz"
    mv "$(find "$place/tree" -path "*/lib/modules/$release" -type d)" "$place/base/lib/modules/$release"
    # The list of what is built in may be in a package of its own, in the same place or another.
    find "$place/tree" -name 'modules.*' -type f -exec mv -t "$place/base/lib/modules/$release" {} +
    depmod -b "$place/base" "$release"
    rm -rf "$place/tree" "$place/packages"
    echo "$release" >"$place/complete"
}

# Tells the modules to load for some modules, in order, as lines of `insmod FILE` or `builtin NAME`.
module_order() {
    modprobe -d "${modules%/lib/modules}" -S "$version" --show-depends -a "$@" | awk '!seen[$0]++'
}
