# Debian's packages of any suite: downloaded with apt, which verifies them, and unpacked, never installed. Sourced after
# setup.sh.
#
# Callers set `suite`, and `apt_place`, a directory for what apt needs to know of it; they remove that one.

mirror=${RINGFUSE_MIRROR:-http://deb.debian.org/debian}

# Where downloads are kept.
ringfuse_cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ringfuse

# Settings of apt for one suite, so that nothing of this machine's own lists is read or changed; its proxies are used.
# The argument is what to look for: deb or deb-src.
write_apt_settings() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$apt_place"/{state/lists/partial,cache/archives/partial,none}
    : >"$apt_place/status"
    echo "$1 [signed-by=$keyring] $mirror $suite main" >"$apt_place/sources.list"
    # The date up to which a suite's index is valid is not looked at: mirrors that are late have only that fault, and
    # signatures are verified all the same. Without the sandbox, whose user may not reach the cache of root.
    cat >"$apt_place/apt.conf" <<END
Dir::Etc::sourcelist "$apt_place/sources.list";
Dir::Etc::sourceparts "$apt_place/none";
Dir::Etc::preferences "$apt_place/none";
Dir::Etc::preferencesparts "$apt_place/none";
Dir::State "$apt_place/state";
Dir::State::status "$apt_place/status";
Dir::Cache "$apt_place/cache";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
END
}

# Runs a program of apt with those settings.
private_apt() {
    local program=$1
    shift
    APT_CONFIG=$apt_place/apt.conf "$program" -o APT::Default-Release= "$@"
}

# Writes the settings and reads the suite's lists: of packages, or with deb-src those of sources.
update_apt_lists() {
    write_apt_settings "${1:-deb}"
    private_apt apt-get update -q -o APT::Update::Error-Mode=any >"$apt_place/log" 2>&1 || {
        tail -n 5 "$apt_place/log" >&2
        die "apt could not read $suite from $mirror (network? mirror?)"
    }
}

# Downloads packages by name and unpacks them below a directory.
download_packages() {
    local tree=$1 archive
    shift
    mkdir -p "$apt_place/packages" "$tree"
    (cd "$apt_place/packages" && private_apt apt-get download -q "$@") >"$apt_place/log" 2>&1 || {
        tail -n 5 "$apt_place/log" >&2
        die "apt could not download $* from $mirror"
    }
    for archive in "$apt_place"/packages/*.deb; do dpkg -x "$archive" "$tree"; done
    rm -rf "$apt_place/packages"
}
