# Sourced by the scripts that measure a table of the docs: figures WHAT [OPTIONS...] builds charlm and scripts/lib/figures, and runs the
# latter. Expects $root.

figures() {
    charlm_build
    export CHARLM_PROGRAM
    cd "$root"
    local log
    log=$(mktemp)
    if ! dotnet build scripts/lib/figures --configuration Release --verbosity quiet --nologo >"$log" 2>&1; then
        grep error "$log" | sort -u | head -n 20 >&2
        exit 1
    fi
    rm -f "$log"
    exec dotnet artifacts/bin/Figures/release/Figures.dll "$@"
}
