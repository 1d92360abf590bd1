# Sourced by the scripts that measure a table of the docs: figures WHAT [OPTIONS...] builds charlm and scripts/lib/figures, and runs the
# latter. Expects $root.

figures() {
    charlm_build
    export CHARLM_PROGRAM
    cd "$root"
    dotnet build scripts/lib/figures --configuration Release --verbosity quiet --nologo >&2
    # With its own output, unlike dotnet run, which would hold the terminal.
    exec dotnet artifacts/bin/Figures/release/Figures.dll "$@"
}
