# Sourced by lists of checks: each check is a function that fails if something is wrong; its result is printed in one line.
passed=0 failed=0 log=$PWD/check.log

# check NAME COMMAND...: passes if the command succeeds; else shows its output.
check() {
    local name=$1
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "passed  $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        tail -n 15 "$log" | cat -v | sed 's/^/        /'
    fi
}

# ends CODE COMMAND...: passes if the command ends with that exit code.
ends() {
    local want=$1 code=0
    shift
    "$@" || code=$?
    [ "$code" = "$want" ] || { echo "ended with $code, not with $want"; return 1; }
}

# has FILE TEXT: passes if the file contains the text.
has() { grep -qF -- "$2" "$1" || { echo "$1 does not contain '$2':"; tail -n 20 "$1"; return 1; }; }

lacks() { ! grep -qF -- "$2" "$1" || { echo "$1 contains '$2'"; return 1; }; }

# one_line FILE TEXT: passes if the error is one line that contains the text.
one_line() { [ "$(grep -c '^charlm: ' "$1")" = 1 ] && lacks "$1" "   at " && has "$1" "$2" || { cat "$1"; return 1; }; }

# Prints the last line; fails if a check failed.
summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
