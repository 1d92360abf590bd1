# Sourced by scripts that need programs of Debian.

# debian_packages COMMAND:PACKAGE...: installs the packages of missing commands. Ends the script with 0 and the reason if that cannot be.
debian_packages() {
    local entry missing=()
    for entry in "$@"; do
        if ! command -v "${entry%%:*}" >/dev/null; then missing+=("${entry#*:}"); fi
    done
    if [ ${#missing[@]} = 0 ]; then return 0; fi
    if ! command -v apt-get >/dev/null; then
        echo "skipped: it needs ${missing[*]}, and this is no Debian"
        exit 0
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "skipped: it needs ${missing[*]}: sudo apt-get install --no-install-recommends ${missing[*]}"
        exit 0
    fi
    echo "installing ${missing[*]}" >&2
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1; then
        echo "skipped: ${missing[*]} cannot be installed"
        exit 0
    fi
}
