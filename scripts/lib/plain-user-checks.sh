# Run by scripts/test-plain-user as an ordinary user, in a fresh clone: the README's commands for newcomers.
set -u
. scripts/lib/checks.sh

first_command() { scripts/charlm train --epochs 5; }

second_command() { scripts/charlm generate --prefix "time traveller" --length 60 >out.txt && has out.txt "time traveller"; }

# Without -c Release, .NET makes a debug build; the kernels are optimised all the same.
dotnet_run() {
    export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
    dotnet run --project src/CharLM.Cli -- train --corpus bundled --epochs 2 --out debug.safetensors --json >debug.json &&
        scripts/charlm train --corpus bundled --epochs 2 --out release.safetensors --json >release.json || return 1
    local debug release
    debug=$(speed debug.json) release=$(speed release.json)
    echo "tokens a second: $debug with dotnet run, $release with scripts/charlm"
    [ "$debug" -gt 0 ] && [ $((10 * debug)) -gt "$release" ]
}

# From the last line: a first call of dotnet begins with a welcome message.
speed() { grep -oE '"tokens_per_second":[0-9]+' "$1" | tail -n 1 | cut -d: -f2 | grep . || echo 0; }

read_only_folder() {
    mkdir -p closed && chmod 500 closed || return 1
    ends 1 scripts/charlm train --corpus bundled --epochs 1 --run-dir closed/run 2>error.txt && one_line error.txt "closed"
}

# A folder of root that nobody else may read.
foreign_run() {
    ends 1 scripts/charlm train --resume /root/run 2>error.txt && one_line error.txt "/root/run"
}

# Like another user's run that is readable but not writable: it can be read, but not resumed.
readable_run() {
    scripts/charlm train --corpus bundled --hidden 8 --epochs 2 --run-dir foreign && chmod -R a-w foreign || return 1
    ends 1 scripts/charlm train --resume foreign --epochs 9 2>error.txt && one_line error.txt foreign &&
        scripts/charlm generate --checkpoint foreign --length 5 && scripts/charlm report foreign --out report.html
}

nothing_else() { [ -z "$(git status --porcelain --untracked-files=no)" ]; }

suite() { scripts/test; }

check "the first command: clone, build, train" first_command
check "the second: generate" second_command
check "dotnet run without -c Release is as fast, about" dotnet_run
check "a folder that may not be written: one line" read_only_folder
check "another user's run directory, closed: one line" foreign_run
check "another user's run directory, to be read: read, and one line" readable_run
check "the clone is as it was" nothing_else
[ "$PLAIN_TESTS" != --tests ] || check "the test suite" suite
summary
