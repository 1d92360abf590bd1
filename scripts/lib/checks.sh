# Sourced by lists of checks: each is a function that fails when something is wrong, and is told of in a line.
passed=0 failed=0 log=$PWD/check.log

# check NAME COMMAND...: passes when the command does; what it wrote is shown when it does not.
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

# ends CODE COMMAND...: passes when the command ends with that code.
ends() {
    local want=$1 code=0
    shift
    "$@" || code=$?
    [ "$code" = "$want" ] || { echo "ended with $code, not with $want"; return 1; }
}

# has FILE TEXT: passes when the text stands in the file.
has() { grep -qF -- "$2" "$1" || { echo "'$2' does not stand in $1:"; tail -n 20 "$1"; return 1; }; }

lacks() { ! grep -qF -- "$2" "$1" || { echo "'$2' stands in $1"; return 1; }; }

# one_line FILE TEXT: what went wrong is told in one line, with the text in it.
one_line() { [ "$(grep -c '^charlm: ' "$1")" = 1 ] && lacks "$1" "   at " && has "$1" "$2" || { cat "$1"; return 1; }; }

# The last line, and whether all passed.
summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
