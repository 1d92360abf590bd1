# Sourced by scripts/test-windows and scripts/test-plain-user: a Debian 13 in a folder, created once, where a script runs as if on a
# separate machine. Needs root, and Debian's package servers to create the folder.

# Prints why this machine cannot do it; nothing if it can.
debian_root_obstacle() {
    if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
        echo "it needs Linux on x64, and this is $(uname -s) on $(uname -m)"
    elif [ "$(id -u)" != 0 ]; then
        echo "it needs root, to make a Debian 13 in a folder and to change into it"
    elif ! unshare -m -p -f true 2>/dev/null; then
        echo "it needs the right to make namespaces (a container of docker: --privileged)"
    elif ! command -v debootstrap >/dev/null && ! command -v apt-get >/dev/null; then
        echo "it needs debootstrap"
    fi
}

# debian_root_make ROOT PACKAGES...: creates the root unless it exists with these packages.
debian_root_make() {
    local root=$1 log
    shift
    [ "$(cat "$root/.packages" 2>/dev/null)" = "$*" ] && return 0
    echo "making a Debian 13 in $root" >&2
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    {
        command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap; } &&
        { [ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase --include=ca-certificates trixie "$root"; } &&
        cp /etc/resolv.conf "$root/etc/resolv.conf" &&
        debian_root_run "$root" "apt-get update -qq && apt-get install -y -qq --no-install-recommends $*"
    } >"$log" 2>&1 || { tail -n 20 "$log" >&2; echo "the Debian 13 could not be made; the whole log is $log" >&2; return 1; }
    rm -f "$log"
    echo "$*" >"$root/.packages"
}

# debian_root_run ROOT SCRIPT [FOLDER=PLACE]...: runs a bash script inside, with folders of this machine mounted at places in it
# (PLACE:ro read-only). Its child processes end with it.
debian_root_run() {
    local root=$1 script=$2
    shift 2
    unshare -m -p -f --kill-child bash -c '
        root=$1 script=$2
        shift 2
        mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" && mount -t devpts -o ptmxmode=0666 devpts "$root/dev/pts" &&
            mount -t tmpfs tmpfs "$root/dev/shm" || exit 1
        for pair in "$@"; do
            place=${pair#*=}
            mkdir -p "$root${place%:ro}" && mount --bind "${pair%%=*}" "$root${place%:ro}" || exit 1
            case $place in *:ro) mount -o remount,bind,ro "$root${place%:ro}" || exit 1 ;; esac
        done
        exec chroot "$root" env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LANG=C.UTF-8 TERM=xterm \
            DEBIAN_FRONTEND=noninteractive bash -c "$script"' _ "$root" "$script" "$@"
}
