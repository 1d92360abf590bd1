# Sourced by the scripts that run charlm: charlm_build brings the program up to date, and sets CHARLM_ENGINE (the torch
# engine) and CHARLM_PROGRAM (the program). Expects $root, the repository's folder.

charlm_build() {
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
    charlm_locate
    if [ -n "$CHARLM_ENGINE" ] && [ -x "$CHARLM_PROGRAM" ] && ! charlm_stale; then
        return 0
    fi
    # Two calls at once build one after the other.
    mkdir -p "$root/artifacts"
    exec 9>"$root/artifacts/.build.lock"
    if command -v flock >/dev/null; then flock 9; fi
    "$root/scripts/setup"
    charlm_locate
    local log
    log=$(mktemp)
    echo "building charlm (torch engine: $CHARLM_ENGINE)" >&2
    if ! dotnet build "$root/src/CharLM.Cli" --configuration Release -p:TorchEngine="$CHARLM_ENGINE" --verbosity quiet >"$log" 2>&1; then
        grep -E '(error|hint)' "$log" | sort -u | head -n 20 >&2
        echo "charlm could not be built; the whole log is $log" >&2
        exit 1
    fi
    # A warning of the build's own, such as that reports will lack charts, is for whoever uses the program.
    grep -oE -m1 'warning CHARLM[0-9]+: [^[]*' "$log" | sed 's/warning CHARLM[0-9]*: /note: /' >&2 || true
    rm -f "$log"
    touch "$CHARLM_PROGRAM"
    exec 9>&-
}

charlm_locate() {
    local recorded
    recorded=$(sed -n 's#.*<TorchEngineRecorded>\(.*\)</TorchEngineRecorded>.*#\1#p' "$root/TorchEngine.props" 2>/dev/null || true)
    CHARLM_ENGINE=${CHARLM_TORCH:-$recorded}
    CHARLM_PROGRAM="$root/artifacts/$CHARLM_ENGINE/bin/CharLM.Cli/release/charlm"
}

# Whether a source is newer than the program.
charlm_stale() {
    [ -n "$(find "$root/src" "$root/corpora" "$root/Directory.Build.props" "$root/Directory.Packages.props" "$root/global.json" \
        -newer "$CHARLM_PROGRAM" -type f -print -quit)" ]
}
