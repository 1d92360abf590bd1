# Sourced by the scripts that run charlm: charlm_build brings the program up to date and sets CHARLM_PROGRAM.
# Expects $root, the repository's folder.

charlm_build() {
    local engine
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
    engine=$(sed -n 's#.*<TorchEngineRecorded>\(.*\)</TorchEngineRecorded>.*#\1#p' "$root/TorchEngine.props" 2>/dev/null || true)
    engine=${CHARLM_TORCH:-$engine}
    CHARLM_PROGRAM="$root/artifacts/$engine/bin/CharLM.Cli/release/charlm"
    if [ -n "$engine" ] && [ -x "$CHARLM_PROGRAM" ] && ! charlm_stale; then
        return 0
    fi
    # Two calls at once build one after the other.
    mkdir -p "$root/artifacts"
    exec 9>"$root/artifacts/.build.lock"
    flock 9
    "$root/scripts/setup"
    engine=${CHARLM_TORCH:-$(sed -n 's#.*<TorchEngineRecorded>\(.*\)</TorchEngineRecorded>.*#\1#p' "$root/TorchEngine.props")}
    CHARLM_PROGRAM="$root/artifacts/$engine/bin/CharLM.Cli/release/charlm"
    local log
    log=$(mktemp)
    echo "building charlm (torch engine: $engine)" >&2
    if ! dotnet build "$root/src/CharLM.Cli" --configuration Release -p:TorchEngine="$engine" --verbosity quiet >"$log" 2>&1; then
        grep -E '(error|hint)' "$log" | sort -u | head -n 20 >&2
        echo "charlm could not be built; the whole log is $log" >&2
        exit 1
    fi
    rm -f "$log"
    touch "$CHARLM_PROGRAM"
    exec 9>&-
}

# Whether a source is newer than the program.
charlm_stale() {
    [ -n "$(find "$root/src" "$root/corpora" "$root/Directory.Build.props" "$root/Directory.Packages.props" "$root/global.json" \
        -newer "$CHARLM_PROGRAM" -type f -print -quit)" ]
}
