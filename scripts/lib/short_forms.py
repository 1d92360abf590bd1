"""Runs command lines of the docs in short forms: a few steps on small texts, in an empty folder (scripts/check-docs).

charlm and the scripts that take long are replaced by programs that shorten their arguments and then call the real ones. What a page
assumes (a run called NAME, a text mybook.txt) is made beforehand; what cannot run here is listed with its reason.
"""

import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Command lines that do not run: (pattern, page or None, reason).
NOT_RUN = [
    (r"^scripts[/\\]test(\.ps1|-\S+)?( |$)", None, "runs tests"),
    (r"^scripts/pack ", None, "scripts/test-packages does it"),
    (r"^dotnet (nuget|add|publish|format|tool|build|test|run)", None, "packages and builds: scripts/test-packages, scripts/test-windows"),
    (r"^scripts\\charlm\.ps1", None, "Windows: scripts/test-windows"),
    (r"^mpirun ", None, "needs an MPI library: scripts/test-mpi"),
    (r"--submit slurm", None, "needs Slurm: scripts/test-slurm"),
    (r"^(apt-get|sudo|git) ", None, "changes the machine"),
    (r"^tensorboard ", None, "another program"),
    (r"^scripts/(bench-\S+|soak|fuzz|reproduce-d2l|results|findings|translation|match-functions|large-text|public-api)( |$)", None, "takes minutes or writes into the repository"),
    (r"^scripts/(check-\S+|screenshots)( |$)", None, "checks or writes the docs themselves"),
]

# Command lines that end with another code, since they show an error.
ENDS_WITH = {"charlm corpus show tang-gb.txt": 1}

# What is typed where a command reads from the terminal.
TYPED = [("--interactive", "the time\n\n")]

# What a page assumes, made before its first command. CHARLM_LONG: not shortened.
BEFORE = {
    "CONTRIBUTING.md": ["charlm train mybook.txt --run-dir runs/NAME"],
    "docs/attention.md": ["cp train.tsv pairs.tsv"],
    "docs/cells.md": ["cp \"$CHARLM_ARTIFACTS/CharLM.SampleCells/release/CharLM.SampleCells.dll\" MyCells.dll"],
    "docs/evaluation.md": [
        "charlm train mybook.txt --out A.safetensors", "charlm train mybook.txt --hidden 32 --out B.safetensors"],
    "docs/experiments.md": ["cp scripts/experiments/hidden.yaml sweep.yaml"],
    "docs/generation.md": ["charlm train tinyshakespeare.txt --out shakespeare.safetensors"],
    "docs/gradients.md": ["charlm train mybook.txt"],
    "docs/pytorch.md": ["charlm export --checkpoint checkpoints/time-machine-gru.safetensors --out model.pt --vocab vocab.json"],
    "docs/runs.md": [
        "charlm train mybook.txt --out base.safetensors",
        "CHARLM_LONG=1 timeout --preserve-status -s TERM 1.5 charlm train mybook.txt --steps 4000 --hidden 8 --run-dir runs/cut || [ $? = 75 ]",
        "cp -r runs/cut runs/NAME",
    ],
    "docs/sequence-tasks.md": ["head -n 150 train.tsv > t20k.tsv"],
    "docs/serving.md": ["charlm train mybook.txt --run-dir runs/mine", "charlm train mybook.txt --hidden 32 --run-dir runs/other"],
}

VERBS = ["train", "generate", "eval", "score", "ngram", "inspect", "report", "serve", "runs", "corpus list", "corpus get", "corpus show",
         "corpus cache", "completion", "gradients", "bench", "import", "export", "experiment run", "experiment plan", "experiment report",
         "classify train", "classify predict", "classify eval", "seq2seq train", "seq2seq predict", "seq2seq eval"]


def shortened(arguments):
    """The arguments of charlm, for a run of a second."""
    verb = " ".join(word for word in arguments[:2] if not word.startswith("-"))
    verb = verb if verb in VERBS else arguments[0] if arguments else ""

    def given(name):
        return name in arguments

    def without(*names):
        kept, skip = [], False
        for word in arguments:
            if skip:
                skip = False
            elif word in names:
                skip = True
            else:
                kept.append(word)
        return kept

    if verb == "train" and not given("--print-config") and not given("--resume"):
        arguments = without("--epochs", "--minutes", "--steps", "--steps-per-epoch", "--max-tokens", "--hidden", "--embedding")
        add = ["--steps", "3", "--hidden", "16", "--max-tokens", "4000"]
        if "--ridge" in arguments:
            add[:2] = []
        if "--tie-weights" in arguments:
            add += ["--embedding", "16"]
        return arguments + add
    if verb in ("classify train", "seq2seq train") and not given("--resume"):
        # From a checkpoint the epochs go on.
        return without("--epochs", "--hidden", "--embedding") + (
            ["--epochs", "2"] if given("--checkpoint") else ["--epochs", "1", "--hidden", "16"])
    if verb == "gradients":
        return without("--distance", "--train-epochs") + ["--distance", "30", "--rows", "2"] + (
            ["--train-epochs", "1"] if given("--train-epochs") else [])
    if verb == "bench":
        return without("--rounds", "--seconds") + ["--rounds", "1", "--seconds", "0.02"]
    if verb == "generate":
        arguments = [("4" if int(word) > 4 else word) if before == "--samples" else word
                     for before, word in zip([""] + arguments, arguments)]
        return without("--length") + ["--length", "60"] if given("--length") else arguments
    return arguments


def short_experiment(text):
    """An experiment of a few hundred tokens, with its first seed."""
    text = re.sub(r"num_epochs: *\d+", "num_epochs: 1", text)
    text = re.sub(r"max_tokens: *\d+", "max_tokens: 3000", text)
    text = re.sub(r"seeds: *\[.*?\]", "seeds: [0]", text)
    return re.sub(r"num_hiddens: *(\d{2,})", "num_hiddens: 8", text) if "num_hiddens: [" not in text else text


class Folder:
    """The folder in which a page's commands run."""

    def __init__(self, runner, page, path):
        self.runner, self.page, self.path, self.server = runner, page, path, None

    def run(self, command):
        """Runs a command: (None or what is wrong, its output, its seconds)."""
        began = time.monotonic()
        words = re.sub(r"\s{2,}#.*$| # .*$", "", command).strip()
        if re.match(r"charlm serve\b", words):
            return self.serve(words) + (time.monotonic() - began,)
        if self.server:
            words = words.replace("127.0.0.1:8321", f"127.0.0.1:{self.runner.port}")
        typed = next((text for sign, text in TYPED if sign in words), None)
        ran = subprocess.run(
            ["timeout", "120", "bash", "-c", words], cwd=self.path, env=self.runner.environment, text=True, encoding="utf-8",
            errors="replace", input=typed or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        wanted = ENDS_WITH.get(words, 0)
        # A run of three steps leaves nothing to resume.
        done = "--resume" in words and " is complete: it has finished" in ran.stdout
        fault = None if ran.returncode == wanted or done else f"ended with {ran.returncode}"
        return fault, ran.stdout, time.monotonic() - began

    def serve(self, words):
        """Starts a server, which stays until the next one or the end of the page."""
        self.stop()
        words = words.replace("--host 0.0.0.0", "--host 127.0.0.1") + f" --port {self.runner.port}"
        log = open(os.path.join(self.path, "serve.log"), "w+", encoding="utf-8")
        self.server = subprocess.Popen(["bash", "-c", "exec " + words], cwd=self.path, env=self.runner.environment, stdout=log,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        for _ in range(300):
            log.seek(0)
            if f":{self.runner.port}" in log.read():
                return None, ""
            if self.server.poll() is not None:
                break
            time.sleep(0.1)
        log.seek(0)
        return "prints no address", log.read()

    def stop(self):
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                self.server.kill()
        self.server = None


class Runner:
    """Everything that the pages share."""

    def __init__(self, root):
        self.root, self.work, self.port = root, tempfile.mkdtemp(prefix="charlm-docs-"), 18321
        self.mirror = os.path.realpath(os.path.join(root, "..", "shared", "corpora"))
        self.mirror = self.mirror if os.path.isdir(self.mirror) else None
        built = subprocess.run(["bash", "-c", f"root='{root}'; . '{root}/scripts/lib/build.sh'; charlm_build && echo \"$CHARLM_PROGRAM\""],
                               stdout=subprocess.PIPE, text=True, check=True)
        self.program = built.stdout.strip().split("\n")[-1]
        # The pages on cells of one's own use the sample.
        cells = os.path.join(root, "tests", "CharLM.SampleCells")
        subprocess.run(["dotnet", "build", cells, "--configuration", "Release", "--verbosity", "quiet", "--nologo"], stdout=subprocess.DEVNULL, check=True)
        self.scripts = os.path.join(self.work, "scripts")
        self.options = {}
        self.make_programs()
        self.environment = dict(
            os.environ, PATH=os.path.join(self.work, "bin") + os.pathsep + os.environ["PATH"],
            CHARLM_CACHE=os.path.join(self.work, "cache"), CHARLM_ARTIFACTS=os.path.join(root, "artifacts", "bin"),
            CHARLM_PROGRAM=self.program)
        self.environment.pop("CHARLM_KEY", None)
        if self.mirror:
            self.environment["CHARLM_CORPUS_MIRROR"] = self.mirror

    def make_programs(self):
        """charlm and the scripts, with shorter arguments."""
        os.makedirs(os.path.join(self.work, "bin"))
        os.makedirs(os.path.join(self.scripts, "experiments"))
        for path in glob.glob(os.path.join(self.root, "scripts", "*")):
            if os.path.basename(path) not in ("charlm", "make-pairs.py", "experiments"):
                os.symlink(path, os.path.join(self.scripts, os.path.basename(path)))
        for path in (os.path.join(self.work, "bin", "charlm"), os.path.join(self.scripts, "charlm")):
            self.write(path, f"#!/bin/sh\nexec '{sys.executable}' '{os.path.abspath(__file__)}' '{self.program}' \"$@\"\n")
        self.write(os.path.join(self.scripts, "make-pairs.py"), "#!/bin/sh\nexec '{}' '{}' \"$@\" --train 150 --test 40\n".format(
            sys.executable, os.path.join(self.root, "scripts", "make-pairs.py")))
        for path in glob.glob(os.path.join(self.root, "scripts", "experiments", "*.yaml")):
            with open(path, encoding="utf-8") as file:
                self.write(os.path.join(self.scripts, "experiments", os.path.basename(path)), short_experiment(file.read()))

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def reason_not_to_run(self, page, command):
        for pattern, where, reason in NOT_RUN:
            if re.search(pattern, command) and where in (None, page):
                return reason
        if not self.mirror and re.search(r"time-machine|tiny-shakespeare|cmn-eng|get tang|600\.tsv|pairs/(cmn|unmarked|tang)", command):
            return "its text would have to be downloaded"
        return None

    @contextlib.contextmanager
    def page(self, name):
        path = os.path.join(self.work, re.sub(r"\W", "-", name))
        os.makedirs(os.path.join(path, "books"))
        os.makedirs(os.path.join(path, "checkpoints"))
        shutil.copy(os.path.join(self.root, "checkpoints", "time-machine-gru.safetensors"), os.path.join(path, "checkpoints"))
        os.symlink(self.scripts, os.path.join(path, "scripts"))
        os.symlink(os.path.join(self.root, "corpora"), os.path.join(path, "corpora"))
        with open(os.path.join(self.root, "corpora", "bundled.txt"), encoding="utf-8") as file:
            text = file.read()
        lines = text.split("\n")

        def put(name, content, encoding="utf-8"):
            with open(os.path.join(path, name), "w", encoding=encoding) as file:
                file.write(content)

        for name_of_text in ("mybook.txt", "book.txt", "a.txt", "b.txt", "my.txt", "new.txt", "books/one.txt"):
            put(name_of_text, text[:9000])
        put("timemachine.txt", "\n".join(lines[:400]))
        put("tinyshakespeare.txt", "\n".join(lines[400:800]))
        verse = "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。\n春眠不觉晓，处处闻啼鸟。\n夜来风雨声，花落知多少。\n" * 60
        put("tang.txt", verse)
        put("tang-gb.txt", verse, "gb18030")
        put("names.txt", "\n".join(re.findall(r"\b[A-Z][a-z]{3,8}\b", text)[:600]) + "\n")
        words = sorted(set(re.findall(r"\b[a-z]{3,6}\b", text)))[:300]
        put("train.tsv", "".join(f"{word}\t{word[::-1]}\n" for word in words))
        put("held-out.tsv", "".join(f"{word}\t{word[::-1]}\n" for word in words[::10]))
        folder = Folder(self, name, path)
        try:
            for command in BEFORE.get(name, []):
                fault, output, _ = folder.run(command)
                if fault:
                    print(f"before {name}: {command}: {fault}\n{output}", file=sys.stderr)
            yield folder
        finally:
            folder.stop()

    def options_of(self, verb):
        """The options of a verb, from its help."""
        if verb not in self.options:
            shown = subprocess.run(
                [self.program, *verb.split(), "--help-all"], stdout=subprocess.PIPE, text=True, check=False, encoding="utf-8")
            self.options[verb] = set(re.findall(r"^  (--[a-z0-9-]+)", shown.stdout, re.MULTILINE))
        return self.options[verb] | {"--help", "--help-all", "--json", "--version"}

    def check_options(self, page, prose):
        """Yields (place, None or what is wrong) of commands and options within the text."""
        for number, line in prose:
            for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", line):
                match = re.match(r"(?:scripts/|nice |mpirun .*?)?charlm ((?:[a-z0-9]+ )?[a-z0-9]+)(?= |$)(.*)", span)
                named = set(re.findall(r"(?<![\w-])(--[a-z][a-z0-9-]*)(?![\w-])", span))
                if match:
                    words = match.group(1).split()
                    verb = " ".join(words) if " ".join(words) in VERBS else words[0]
                    if verb in ("classify", "seq2seq", "experiment", "corpus", "help") or not named:
                        known = self.every_option() if verb not in VERBS else None
                    else:
                        known = self.options_of(verb)
                    if verb not in VERBS + ["classify", "seq2seq", "experiment", "corpus", "help"]:
                        yield f"{page}:{number} `{span}`", f"charlm has no verb {verb}"
                        continue
                    wrong = sorted(named - known) if known is not None else []
                elif span.startswith("--"):
                    wrong = sorted(named - self.every_option())
                else:
                    continue
                yield f"{page}:{number} `{span}`", f"there is no option {', '.join(wrong)}" if wrong else None

    def every_option(self):
        """Options of every verb, and those that stand in scripts."""
        if "" not in self.options:
            found = set()
            for path in glob.glob(os.path.join(self.root, "scripts", "**", "*"), recursive=True):
                if os.path.isfile(path):
                    with open(path, encoding="utf-8", errors="replace") as file:
                        found.update(re.findall(r"--[a-z][a-z0-9-]*", file.read()))
            self.options[""] = found.union(*(self.options_of(verb) for verb in VERBS))
        return self.options[""] | {"--signal"}  # Slurm's

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)


if __name__ == "__main__":
    # As charlm: the program, then its arguments.
    given = sys.argv[2:] if os.environ.get("CHARLM_LONG") else shortened(sys.argv[2:])
    os.execv(sys.argv[1], [sys.argv[1], *given])
