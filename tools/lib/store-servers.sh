# Servers of S3 for tools/store-suite: each start_NAME starts one with a user and no bucket, on ports of 127.0.0.1, with all
# that it keeps below $work/NAME, and sets `s3_port`. Sourced after setup.sh.
#
# Callers set `work`, and `processes`, to which each start adds what it started, in the order in which it is to end.

# Keys of the user.
s3_key=ringfuse-suite-key
s3_secret=ringfuse-suite-secret-0123456789

given_ports=()
# Sets `port` to one that is free, in this run given once. Below those that the kernel takes for connections (from 32768 on).
take_port() {
    local try
    for try in {1..200}; do
        port=$((20000 + RANDOM % 12000))
        [[ " ${given_ports[*]} " != *" $port "* ]] || continue
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            given_ports+=("$port")
            return 0
        fi
    done
    die "no free port"
}

# Starts a process in the background, with its output in a log: LOG COMMAND…
start_process() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null &
    processes+=($!)
}

# Waits until a server of S3 answers on $s3_port, with whatever status: LOG
await_server() {
    local try
    for try in {1..300}; do
        if curl -s -o "$work/answer" "http://127.0.0.1:$s3_port/"; then return 0; fi
        kill -0 "${processes[-1]}" 2>/dev/null || break
        sleep 0.2
    done
    die "the server does not start: $(tail -n 3 "$1")"
}

# Ends what was started, the last first, and waits for that.
stop_processes() {
    local index try
    for ((index = ${#processes[@]} - 1; index >= 0; index--)); do
        kill "${processes[index]}" 2>/dev/null || continue
        for try in {1..100}; do kill -0 "${processes[index]}" 2>/dev/null && sleep 0.1 || break; done
        kill -KILL "${processes[index]}" 2>/dev/null || true
        wait "${processes[index]}" 2>/dev/null || true
    done
    processes=()
}

# rclone: a directory, served as buckets.
start_rclone() {
    local place=$work/rclone
    mkdir -p "$place/files"
    take_port
    s3_port=$port
    start_process "$place/log" "$test_cache/rclone-1.75.2/rclone" --config /dev/null serve s3 --auth-key "$s3_key,$s3_secret" \
        --addr "127.0.0.1:$s3_port" "$place/files"
    await_server "$place/log"
}

# Ceph: a monitor, a manager, one place for objects (a file) and the gateway.
start_ceph() {
    local place=$work/ceph name try
    local monitors=()
    mkdir -p "$place"/{mon,mgr,osd,rgw,run}
    for name in v2 v1; do
        take_port
        monitors+=("$name:127.0.0.1:$port/0")
    done
    local cluster
    cluster=$(cat /proc/sys/kernel/random/uuid)
    take_port
    s3_port=$port
    cat >"$place/ceph.conf" <<-CONF
	[global]
	fsid = $cluster
	mon host = [${monitors[0]},${monitors[1]}]
	public addr = 127.0.0.1
	cluster addr = 127.0.0.1
	osd pool default size = 1
	osd pool default min size = 1
	osd pool default pg num = 8
	osd crush chooseleaf type = 0
	mon allow pool size one = true
	mon warn on pool no redundancy = false
	mon data avail crit = 1
	ms bind ipv6 = false
	run dir = $place/run
	admin socket = $place/run/\$name.asok
	pid file =
	log file =
	log to stderr = true
	mon data = $place/mon
	mgr data = $place/mgr
	osd data = $place/osd
	rgw data = $place/rgw
	keyring = $place/keyring
	osd objectstore = bluestore
	bluestore block size = 16106127360
	bluestore block create = true
	osd memory target = 939524096
	mgr initial modules =
	# Each small answer would take 44 ms.
	rgw frontends = beast endpoint=127.0.0.1:$s3_port tcp_nodelay=1
	rgw enable usage log = false
	CONF
    # One file with the keys of all.
    ceph-authtool --create-keyring "$place/keyring" --gen-key -n mon. --cap mon 'allow *' >"$place/log"
    ceph-authtool "$place/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    ceph-authtool "$place/keyring" --gen-key -n mgr.a --cap mon 'allow profile mgr' --cap osd 'allow *'
    ceph-authtool "$place/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' \
        --cap mgr 'allow profile osd'
    ceph() { command ceph -c "$place/ceph.conf" --connect-timeout 60 "$@"; }
    monmaptool --create --addv a "[${monitors[0]},${monitors[1]}]" --fsid "$cluster" "$place/monmap" >>"$place/log" 2>&1
    ceph-mon -c "$place/ceph.conf" --mkfs -i a --monmap "$place/monmap" --keyring "$place/keyring" \
        >>"$place/log" 2>&1 || die "$(tail -n 3 "$place/log")"
    start_process "$place/mon.log" ceph-mon -c "$place/ceph.conf" -f -i a
    ceph status >>"$place/log" 2>&1 || die "Ceph's monitor does not answer: $(tail -n 3 "$place/mon.log")"
    start_process "$place/mgr.log" ceph-mgr -c "$place/ceph.conf" -f -i a
    name=$(cat /proc/sys/kernel/random/uuid)
    ceph osd new "$name" >>"$place/log" 2>&1
    ceph-osd -c "$place/ceph.conf" --mkfs -i 0 --osd-uuid "$name" >>"$place/log" 2>&1 || die "$(tail -n 3 "$place/log")"
    start_process "$place/osd.log" ceph-osd -c "$place/ceph.conf" -f -i 0
    for try in {1..300}; do
        [[ "$(ceph osd stat 2>>"$place/log")" != *' 1 up'* ]] || break
        [ "$try" -lt 300 ] || die "Ceph's OSD does not come up: $(tail -n 3 "$place/osd.log")"
        sleep 0.2
    done
    radosgw-admin -c "$place/ceph.conf" user create --uid=suite --display-name=suite --access-key="$s3_key" \
        --secret-key="$s3_secret" >"$place/user" 2>>"$place/log" || die "radosgw has no user: $(tail -n 3 "$place/log")"
    start_process "$place/rgw.log" radosgw -c "$place/ceph.conf" -f -n client.admin
    await_server "$place/rgw.log"
}

# OpenStack Swift with s3api: a proxy and the three servers behind it, each with one device, which is a directory.
start_swift() {
    local place=$work/swift kind
    mkdir -p "$place"/{etc,devices/d,run,cache}
    cat >"$place/etc/swift.conf" <<-CONF
	[swift-hash]
	swift_hash_path_suffix = suite
	swift_hash_path_prefix = suite
	CONF
    take_port
    local cache_port=$port
    start_process "$place/memcached.log" memcached -u root -l 127.0.0.1 -p "$cache_port" -m 64
    for kind in account container object; do
        take_port
        (
            cd "$place/etc"
            swift-ring-builder "$kind.builder" create 4 1 0
            swift-ring-builder "$kind.builder" add "r1z1-127.0.0.1:$port/d" 1
            swift-ring-builder "$kind.builder" rebalance
        ) >>"$place/log" 2>&1 || die "no ring of Swift's: $(tail -n 3 "$place/log")"
        cat >"$place/etc/$kind.conf" <<-CONF
	[DEFAULT]
	bind_ip = 127.0.0.1
	bind_port = $port
	devices = $place/devices
	mount_check = false
	swift_dir = $place/etc
	user = root
	workers = 1
	fallocate_reserve = 0
	log_level = WARNING
	[pipeline:main]
	pipeline = $kind-server
	[app:$kind-server]
	use = egg:swift#$kind
	CONF
        start_process "$place/$kind.log" env SWIFT_TEST_CONFIG= "swift-$kind-server" "$place/etc/$kind.conf"
    done
    take_port
    s3_port=$port
    cat >"$place/etc/proxy.conf" <<-CONF
	[DEFAULT]
	bind_ip = 127.0.0.1
	bind_port = $s3_port
	swift_dir = $place/etc
	user = root
	workers = 2
	log_level = WARNING
	[pipeline:main]
	pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo dlo proxy-server
	[app:proxy-server]
	use = egg:swift#proxy
	allow_account_management = true
	account_autocreate = true
	[filter:catch_errors]
	use = egg:swift#catch_errors
	[filter:cache]
	use = egg:swift#memcache
	memcache_servers = 127.0.0.1:$cache_port
	[filter:listing_formats]
	use = egg:swift#listing_formats
	[filter:bulk]
	use = egg:swift#bulk
	[filter:s3api]
	use = egg:swift#s3api
	location = us-east-1
	s3_acl = false
	[filter:tempauth]
	use = egg:swift#tempauth
	user_test_suite = $s3_secret .admin
	[filter:copy]
	use = egg:swift#copy
	[filter:slo]
	use = egg:swift#slo
	[filter:dlo]
	use = egg:swift#dlo
	CONF
    # tempauth's users are account and name.
    s3_key=test:suite
    start_process "$place/proxy.log" swift-proxy-server "$place/etc/proxy.conf"
    await_server "$place/proxy.log"
}
