namespace CharLM.Cli;

/// <summary>Names that other programs use for charlm's options.</summary>
internal static class Synonyms
{
    // Each row: charlm's options in order of preference, then what people type for them.
    private static readonly (string[] Options, string[] Typed)[] Table =
    [
        (["--validation-fraction", "--validation"],
            [
                "val-fraction", "valid-fraction", "val-split", "validation-split", "test-split", "val-ratio", "test-fraction",
                "holdout", "held-out", "val", "valid", "dev", "test", "test-size",
            ]),
        (["--lr", "--dynamic-lr"], ["learning-rate", "learningrate", "alpha", "step-size", "rate", "eta"]),
        (["--corpus", "--data", "--input"],
            [
                "text", "texts", "data", "dataset", "file", "train-file", "train-data", "training-data", "input", "input-file",
                "source", "book", "txt", "path", "data-path", "data-file", "train",
            ]),
        (["--checkpoint"],
            [
                "model", "model-path", "model-file", "ckpt", "weights", "load", "load-from", "init-from", "pretrained", "restore",
                "from",
            ]),
        (["--resume"], ["resume-from", "continue", "continue-from"]),
        (["--temperature"], ["temp", "t"]),
        (["--hidden"],
            [
                "hidden-size", "hidden-dim", "hidden-units", "num-hiddens", "num-hidden", "n-hidden", "nhid", "hiddens",
                "hidden-layer-size", "rnn-size", "rnn-units", "units", "num-units", "width", "dim", "d-model", "n-embd",
            ]),
        (["--layers"], ["n-layers", "num-layers", "n-layer", "nlayers", "number-of-layers", "rnn-layers", "depth", "hidden-layers"]),
        (["--batch-size"], ["bs", "batch", "batchsize", "minibatch-size", "mini-batch-size", "b"]),
        (["--accumulate"], ["gradient-accumulation-steps", "grad-accum", "accumulation-steps", "grad-accum-steps", "accum"]),
        (["--num-steps"],
            [
                "seq-len", "seq-length", "sequence-length", "seqlen", "bptt", "block-size", "context", "context-length", "unroll",
                "time-steps", "timesteps", "n-steps", "window",
            ]),
        (["--epochs"], ["iterations", "iters", "max-iters", "num-epochs", "n-epochs", "max-epochs", "num-iterations", "epoch", "e"]),
        (["--embedding"], ["emb-size", "embedding-size", "embedding-dim", "embed-size", "embed-dim", "emsize", "embed", "emb"]),
        (["--out"], ["output", "o", "save", "save-to", "save-path", "output-file", "out-file", "outfile", "dest", "model-out"]),
        (["--run-dir", "--out", "--runs"], ["output-dir", "out-dir", "save-dir", "checkpoint-dir", "ckpt-dir", "experiment-dir", "rundir"]),
        (["--length", "--max-target", "--max-length"],
            [
                "n", "num-chars", "chars", "max-new-tokens", "max-length", "max-len", "num-tokens", "max-tokens", "tokens",
                "num-predict", "sample-length",
            ]),
        (["--prefix", "--text"],
            [
                "prompt", "start", "start-text", "start-string", "seed-text", "seed-string", "prime", "prime-text", "primetext",
                "prime-str", "begin", "p",
            ]),
        (["--samples"], ["num-samples", "n-samples", "count", "num-return-sequences"]),
        (["--device"], ["gpu", "cuda", "use-cuda", "use-gpu", "gpuid", "cpu"]),
        (["--jobs", "--threads"], ["workers", "num-workers", "num-threads", "n-jobs", "cores", "j", "parallel"]),
        (["--clip"], ["grad-clip", "clip-norm", "clip-grad", "max-grad-norm", "gradient-clip", "gradient-clipping", "clipnorm", "theta"]),
        (["--optimizer"], ["optim", "opt", "optimiser"]),
        (["--patience"], ["early-stopping", "early-stop"]),
        (["--weight-decay"], ["wd", "l2", "decay"]),
        (["--nesterov"], ["nag"]),
        (["--beta2"], ["adam-beta2", "beta-2", "betas"]),
        (["--schedule"], ["scheduler", "lr-schedule", "lr-scheduler", "lr-decay"]),
        (["--warm-up"], ["warmup", "warmup-epochs", "warmup-steps"]),
        (["--cell"], ["rnn", "rnn-type", "rnn-cell", "arch", "architecture", "model-type", "type", "unit", "lstm", "gru"]),
        (["--seed"], ["random-seed", "rng-seed", "manual-seed", "random-state"]),
        (["--beam"], ["num-beams", "beam-size", "beam-width"]),
        (["--repetition-penalty"], ["repeat-penalty", "rep-penalty"]),
        (["--stop"], ["stop-at", "stop-sequence", "stop-string", "until", "eos"]),
        (["--constrain"], ["regex", "grammar", "pattern"]),
        (["--token"], ["level", "tokenizer", "tokens-are", "unit-of-text"]),
        (["--cleaning"], ["clean", "preprocess", "preprocessing", "lowercase", "normalize"]),
        (["--log-json"], ["log", "log-file", "logfile", "json-log"]),
        (["--tensorboard"], ["logdir", "log-dir", "tb", "tensorboard-dir", "tb-dir"]),
        (["--report-every"], ["log-every", "log-interval", "print-every", "eval-interval", "verbose-every"]),
        (["--sample-every"], ["sample-interval", "generate-every"]),
        (["--checkpoint-every"], ["save-every", "save-interval", "checkpoint-interval", "save-freq"]),
        (["--tie-weights"], ["tied", "tie", "tied-weights", "weight-tying"]),
        (["--bidirectional"], ["bi", "bidir", "bilstm"]),
        (["--min-freq"], ["min-count", "min-frequency"]),
        (["--order"], ["n", "ngram", "ngrams", "n-gram"]),
        (["--config"], ["yaml", "cfg", "conf", "config-file", "params"]),
        (["--json"], ["format", "output-format", "as-json"]),
        (["--interactive"], ["i", "chat", "repl"]),
        (["--html", "--out"], ["html", "report-file"]),
    ];

    /// <summary>The verb's option that matches a name from another program; null if there is none.</summary>
    /// <param name="typed">What the user typed, with dashes.</param>
    /// <param name="known">The verb's options.</param>
    public static string? Of(string typed, IReadOnlyCollection<string> known)
    {
        string name = typed.TrimStart('-').ToLowerInvariant().Replace('_', '-');
        return Table.Where(row => row.Typed.Contains(name)).SelectMany(row => row.Options)
            .FirstOrDefault(option => option != typed && known.Contains(option));
    }
}
