# Run by scripts/test-windows in the Debian with Wine, in an empty folder: the end-to-end checks. charlm is in /opt/charlm.
set -u
. "$(dirname "$0")/checks.sh"
export WINEPREFIX=/root/wine WINEDEBUG=-all
small="--corpus bundled --hidden 16 --max-tokens 3000"
[ -d "$WINEPREFIX" ] || wineboot -i >/dev/null 2>&1

charlm() { wine /opt/charlm/charlm.exe "$@"; }

# wait_for FILE TEXT: waits until the file contains the text, at most a minute.
wait_for() {
    for _ in $(seq 600); do
        grep -qsF -- "$2" "$1" && return 0
        sleep 0.1
    done
    echo "$1 never contained '$2':"
    tail -n 20 "$1"
    return 1
}

# at_console KEYS LOG COMMAND: starts the command at a console whose keys come from a pipe.
at_console() {
    rm -f "$1" "$2"
    mkfifo "$1"
    script -qefc "$3" "$2" <"$1" >/dev/null 2>&1 &
    console=$!
    exec 3>"$1"
}

# The figures of a run without times.
figures() { sed -E 's/"(tokens_per_second|elapsed_seconds|predictions_per_second|train_seconds|seconds)":[^,}]*//g' "$1"; }

version() { charlm --version >version.txt && has version.txt "libtorch 2."; }

train() { charlm train $small --epochs 2 --implementation "$1" --out "$1.safetensors" && charlm eval --corpus bundled --checkpoint "$1.safetensors"; }

pairs() {
    for i in $(seq 40); do printf 'word%s\tlabel%s\n' "$i" $((i % 2)); done >pairs.tsv
    charlm classify train --data pairs.tsv --hidden 8 --epochs 2 --out c.safetensors &&
        charlm classify predict --checkpoint c.safetensors --text word1 &&
        charlm seq2seq train --data pairs.tsv --hidden 8 --epochs 2 --out s.safetensors &&
        charlm seq2seq predict --checkpoint s.safetensors --text word1
}

models() {
    charlm generate --checkpoint fused.safetensors --prefix time --length 20 &&
        echo "the time" | charlm score --checkpoint fused.safetensors &&
        charlm inspect fused.safetensors &&
        charlm ngram --corpus bundled --max-tokens 3000 --order 3 --out n.safetensors &&
        charlm export --checkpoint fused.safetensors --out fused.pt
}

ctrl_c() {
    at_console keys console.log "wine /opt/charlm/charlm.exe train $small --epochs 1000000 --run-dir 'my run' --report-every 1"
    wait_for "my run/metrics.jsonl" '"epoch":3' || return 1
    printf '\003' >&3
    ends 130 wait "$console" && exec 3>&- && lacks console.log forrtl && has console.log '--resume "my run"' &&
        test -s "my run/checkpoints/last.safetensors"
}

closed_window() {
    ends 75 wine /opt/neighbour/windows-neighbour.exe close closed/metrics.jsonl '"epoch":3' 'Z:\opt\charlm\charlm.exe' \
        train $small --epochs 1000000 --checkpoint-every 0 --run-dir closed && charlm train --resume closed --epochs 60
}

killed() {
    charlm train $small --epochs 400 --run-dir uncut || return 1
    charlm train $small --epochs 400 --run-dir cut --checkpoint-every 20 2>cut.log &
    wait_for cut/metrics.jsonl '"epoch":60' || return 1
    pkill -KILL -f 'charlm.exe train' # only processes in this root, which has its own process namespace
    wait
    ls cut/result.json 2>/dev/null && { echo "it was faster than the kill"; return 1; }
    charlm train --resume cut && diff <(figures uncut/metrics.jsonl) <(figures cut/metrics.jsonl) && cmp uncut/samples.txt cut/samples.txt
}

two_at_once() {
    charlm train $small --epochs 1000000 --run-dir two 2>two.log &
    wait_for two/metrics.jsonl '"epoch":3' || return 1
    charlm train --resume two 2>second.log
    local code=$?
    pkill -KILL -f 'charlm.exe train'
    wait
    [ "$code" != 0 ] && has second.log "another process is using this run directory"
}

# A neighbour holds each file of the run for some milliseconds while models are read and continued.
reader_beside_writer() {
    mkdir -p beside
    wine /opt/neighbour/windows-neighbour.exe hold beside 3 >held.txt 2>&1 &
    local holder=$! code=0
    charlm train $small --epochs 60 --checkpoint-every 1 --keep-last 3 --run-dir beside/run --out beside/out.safetensors --log-json beside/log.jsonl &
    local trainer=$!
    wait_for beside/run/metrics.jsonl '"epoch":3' || return 1
    while kill -0 "$trainer" 2>/dev/null; do
        charlm generate --checkpoint beside/run --length 5 --prefix time || code=1
    done
    wait "$trainer" || code=1
    touch beside/stop
    wait "$holder" || code=1
    cat held.txt
    [ "$code" = 0 ] && test -s beside/run/result.json
}

odd_paths() {
    local deep
    deep=$(printf 'a_folder_of_thirty_letters_long/%.0s' $(seq 8))
    mkdir -p "$deep" &&
        charlm train $small --epochs 1 --run-dir "${deep}run" && test -s "${deep}run/result.json" &&
        charlm train $small --epochs 1 --run-dir "naïve 模型 & 100% (1)" && charlm train --resume "naïve 模型 & 100% (1)" --epochs 2 &&
        charlm generate --checkpoint "naïve 模型 & 100% (1)" --length 5
}

names() {
    local name
    for name in con nul aux runs/prn com1.txt 'run.' 'a?b'; do
        ends 1 charlm train $small --epochs 1 --run-dir "new/$name" || return 1
    done
    [ ! -e new ] || { echo "a folder is left: $(find new)"; return 1; }
}

# Typed and shown at a console of code page 437, whose log has each character with its position.
code_page() {
    printf 'naïve café, naïve café; %.0s' $(seq 50) >naive.txt
    charlm train --corpus naive.txt --cleaning none --hidden 16 --epochs 40 --optimizer adam --lr 0.02 --num-steps 8 --batch-size 4 \
        --out naive.safetensors || return 1
    at_console keys console.log "wine /opt/charlm/charlm.exe generate --interactive --checkpoint naive.safetensors --length 12"
    wait_for console.log $'[?25l>' || return 1
    printf 'naïve\r' >&3
    wait_for console.log ";" || return 1
    printf '\032\r' >&3
    ends 0 wait "$console" && exec 3>&- && sed -E 's/\x1b\[[?0-9;]*[A-Za-z]//g' console.log >shown.txt && has shown.txt "café" &&
        lacks shown.txt "UTF-8"
}

redirected() {
    charlm generate --checkpoint naive.safetensors --prefix naïve --length 12 >out.txt && has out.txt "café" &&
        printf 'naïve\n' | charlm generate --interactive --checkpoint naive.safetensors --length 12 >out2.txt && has out2.txt "café" &&
        lacks out.txt $'\r' && lacks out2.txt $'\r'
}

experiment() {
    cat >cells.yaml <<'END'
base:
  corpus: bundled
  text: { max_tokens: 2000 }
  model: { num_hiddens: 8 }
  training: { num_epochs: 2 }
grid:
  model:
    cell: [rnn, gru]
seeds: [0, 1]
END
    charlm experiment run cells.yaml --jobs 2 && charlm experiment report cells.yaml >table.txt && has table.txt gru
}

report() { charlm report uncut cut --out report.html && has report.html uncut; }

line_feeds() {
    local files
    files=$(grep -lrI $'\r' uncut cut beside runs report.html cells.yaml 2>/dev/null)
    [ -z "$files" ] || { echo "carriage returns in $files"; return 1; }
}

runtime_missing() { WINEDLLOVERRIDES=msvcp140= charlm --version 2>missing.txt; has missing.txt "Visual C++ Redistributable"; }

tests() { wine /checkout/artifacts/windows/tests/CharLM.Tests.exe -noColor; }

check "torch is loaded" version
for implementation in fused built-in custom; do
    check "training and measuring, $implementation" train "$implementation"
done
check "generate, score, inspect, ngram, export" models
check "classify and seq2seq" pairs
check "Ctrl+C saves, and the command that goes on is quoted for the prompt" ctrl_c
check "a closed window saves" closed_window
check "killed and resumed, the same to the last bit" killed
check "a second process on a run is refused" two_at_once
check "readers and a virus scanner beside a writer" reader_beside_writer
check "long and odd paths" odd_paths
check "names of devices are refused, and nothing is left" names
check "another code page at the console" code_page
check "UTF-8 and line feeds through pipes" redirected
check "an experiment with two jobs" experiment
check "a report of two runs" report
check "files have line feeds alone" line_feeds
check "a missing runtime of Visual C++ is named" runtime_missing
[ "$WINDOWS_TESTS" != --tests ] || check "the library's own tests" tests
summary
