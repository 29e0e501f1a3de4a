# What tools/programs and tools/conformance share: their options, mounts of each way of serving, and a line for each run.
# Sourced after setup.sh, and after the functions program_NAME, each of which gets a directory and a number of seconds.
#
# Callers set `all_programs`, `backends`, `transports` and `writebacks`, which are run if no option says otherwise, call
# parse_runs, install what they need, then prepare_runs and run_all.

seconds=10
local_only=false
programs=()
failed=()
passed=0
mounted=false
# What callers have mounted below the source, the last first.
own_mounts=()

# Reads the options of the command line.
parse_runs() {
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help)
                sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
                exit 0
                ;;
            --backend | --transport | --writeback | --seconds)
                case $1=${2-} in
                    --backend=memory | --backend=mirror | --backend=store) backends=("$2") ;;
                    --transport=ring | --transport=device) transports=("$2") ;;
                    --writeback=on | --writeback=off) writebacks=("$2") ;;
                    --seconds=[1-9]*) seconds=$2 ;;
                    *) die "$1 does not take '${2-}' (--help tells more)" ;;
                esac
                shift
                ;;
            --local) local_only=true ;;
            -*) die "no such option: $1 (--help tells more)" ;;
            *)
                [[ " ${all_programs[*]} " = *" $1 "* ]] || die "no such program: $1 (there are ${all_programs[*]})"
                programs+=("$1")
                ;;
        esac
        shift
    done
    [ ${#programs[@]} -gt 0 ] || programs=("${all_programs[@]}")
}

# Builds the tool and makes the directories.
prepare_runs() {
    require_swift
    enable_ring
    say "building the tool (release)"
    swift build -c release --product ringfuse >&2
    tool=$(swift build -c release --show-bin-path)/ringfuse
    base=$(mktemp -d "${TMPDIR:-/tmp}/ringfuse-${0##*/}.XXXXXX")
    logs=$base/logs
    mount_point=$base/mount
    source=$base/source
    mkdir "$logs" "$mount_point" "$source"
    # Users other than root must get through.
    chmod 755 "$base"
    trap clean_up_runs EXIT
    trap 'exit 130' INT TERM
}

clean_up_runs() {
    # End what a broken run left on the mount before it goes.
    if $mounted; then
        fuser -km "$mount_point" >/dev/null 2>&1 || true
        "$tool" unmount "$mount_point" 2>/dev/null || "$tool" unmount --lazy "$mount_point" || true
    fi
    local place try
    for place in "${own_mounts[@]}"; do
        # A server ends a moment after its mount.
        for try in {1..50}; do umount "$place" 2>/dev/null && break || sleep 0.1; done
    done
    rm -rf --one-file-system "$base/source" "$base"/volume.db*
    if [ ${#failed[@]} -eq 0 ]; then rm -rf --one-file-system "$base"; fi
}

# Runs one program in a fresh directory.
run_program() {
    local combination=$1 program=$2 place=$3
    local log=$logs/$combination-$program.log directory=$place/$program started=$SECONDS
    mkdir -p "$directory"
    # Not as the condition itself: bash would go on after errors in there.
    (set -e; cd "$directory"; combination=$combination; "program_$program" "$directory" "$seconds") >"$log" 2>&1 </dev/null &
    if wait $!; then
        passed=$((passed + 1))
        printf '%-22s %-10s passed in %3d s%s\n' "$combination" "$program" $((SECONDS - started)) \
            "$(sed -n 's/^count: /: /p' "$log" | tail -n 1)"
    else
        failed+=("$combination/$program: $log")
        printf '%-22s %-10s FAILED, see %s\n' "$combination" "$program" "$log"
        tail -n 15 "$log" | sed 's/^/    /'
    fi
    cd "$root"
    rm -rf "$directory"
}

# Serves a mount in one way and runs all programs on it.
run_combination() {
    local backend=$1 transport=$2 writeback=$3 words=()
    local combination=$backend-$transport$([ "$writeback" = on ] && echo -writeback || true)
    case $backend in
        memory) words=(mount memory --size 6G) ;;
        mirror) words=(mount mirror "$source") ;;
        store)
            "$tool" store format "$base/volume.db" >/dev/null || die "could not make a volume"
            words=(store mount "$base/volume.db")
            ;;
    esac
    [ "$writeback" = on ] && words+=(--writeback-cache)
    words+=("$mount_point" --transport "$transport" --allow-other -o suid,dev --daemon --log-file "$logs/$combination.log")
    "$tool" "${words[@]}" >/dev/null || die "could not mount: ringfuse ${words[*]}"
    mounted=true
    chmod 755 "$mount_point"
    for program in "${programs[@]}"; do run_program "$combination" "$program" "$mount_point"; done
    "$tool" unmount "$mount_point" || die "could not unmount $mount_point"
    mounted=false
    find "$source" -mindepth 1 -delete
    rm -rf "$base"/volume.db*
}

# Runs all programs in the source's own file system.
run_locally() {
    for program in "${programs[@]}"; do run_program local "$program" "$source"; done
}

# Runs all programs in all ways, or locally if that is asked for, and ends with what came of it.
run_all() {
    local backend transport writeback
    if $local_only; then
        run_locally
    else
        for backend in "${backends[@]}"; do
            for transport in "${transports[@]}"; do
                for writeback in "${writebacks[@]}"; do
                    # Volumes are not written back by the kernel: their server does that itself.
                    [ "$backend-$writeback" = store-on ] || run_combination "$backend" "$transport" "$writeback"
                done
            done
        done
    fi
    echo
    echo "$passed passed, ${#failed[@]} failed"
    [ ${#failed[@]} -eq 0 ] || { printf '  %s\n' "${failed[@]}"; exit 1; }
}
