# Sourced by the scripts that run charlm: charlm_build brings the program up to date and sets CHARLM_PROGRAM, the program.
# Expects $root, the repository's folder.

charlm_build() {
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en
    # Without libicu, which a bare Debian lacks, dotnet crashes unless it runs in invariant mode.
    export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
    # The program finds an installed .NET by itself, but one in a user's folder only through this variable.
    local home
    if [ -z "${DOTNET_ROOT:-}" ] && home=$(command -v dotnet) && home=$(dirname "$(readlink -f "$home")") && [ -d "$home/host/fxr" ]; then
        export DOTNET_ROOT=$home
    fi
    CHARLM_PROGRAM="$root/artifacts/bin/CharLM.Cli/release/charlm"
    if [ -x "$CHARLM_PROGRAM" ] && ! charlm_stale; then
        return 0
    fi
    if ! command -v dotnet >/dev/null || ! (cd "$root" && dotnet --version >/dev/null 2>&1); then
        echo "charlm needs the .NET SDK, version 10: https://dotnet.microsoft.com/download" >&2
        exit 1
    fi
    # Simultaneous calls build one after the other.
    mkdir -p "$root/artifacts"
    exec 9>"$root/artifacts/.build.lock"
    if command -v flock >/dev/null; then flock 9; fi
    local log
    log=$(mktemp)
    echo "building charlm" >&2
    # Build servers that keep running must not hold the lock.
    if ! dotnet build "$root/src/CharLM.Cli" --configuration Release --verbosity quiet >"$log" 2>&1 9>&-; then
        grep -E '(error|hint)' "$log" | sort -u | head -n 20 >&2
        echo "charlm could not be built; the whole log is $log" >&2
        exit 1
    fi
    # Show the build's own warnings, such as missing charts in reports, to the user.
    grep -oE 'warning CHARLM[0-9]+: [^[]*' "$log" | sort -u | sed 's/warning CHARLM[0-9]*: /note: /' >&2 || true
    rm -f "$log"
    touch "$CHARLM_PROGRAM"
    exec 9>&-
}

# Whether a source is newer than the program.
charlm_stale() {
    [ -n "$(find "$root/src" "$root/corpora" "$root"/Directory.* "$root/global.json" -newer "$CHARLM_PROGRAM" -type f -print -quit)" ]
}
