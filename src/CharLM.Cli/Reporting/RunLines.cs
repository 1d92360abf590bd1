using CharLM.Cli.Streams;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Workbench.Runs;

namespace CharLM.Cli.Reporting;

/// <summary>The lines that describe a run; the live and the plain reporter share them.</summary>
internal static class RunLines
{
    // More would not fit beside the figures.
    private const int MostPoints = 40;

    /// <summary>Describes the data, the model and the plan of a run.</summary>
    public static IEnumerable<string> Describe(RunDescription run)
    {
        (IEnumerable<string> data, string other) = run.Data switch
        {
            RunData.Text text => (Describe(run.Corpus, text), "another text"),
            RunData.Pairs pairs => (Describe(run.Corpus, pairs), "other pairs"),
            _ => throw new ArgumentException($"no line describes {run.Data}", nameof(run)),
        };
        foreach (string line in data)
            yield return line;
        yield return Model(run.Model, run.NumParameters) + (run.NumFrozen > 0 ? $", {Figure.Count(run.NumFrozen)} of them frozen" : "");
        if (run.Plan is { } plan)
            yield return $"plan    {Figure.Count(plan.TotalSteps)} steps, {plan.Passes:0.0} passes over the text"
                + (plan.Minutes is { } minutes ? $", within {minutes:0.##} min" : "");
        if (run.Model.LeakLabel is { } leak && run.Data is RunData.Text)
            yield return $"warning {leak}";
        if (run.OtherCorpus is not null)
            yield return $"warning the checkpoint was trained on {other}, '{Printable.Text(run.OtherCorpus)}'";
        if (run.Data is RunData.Text { UnknownTokens: > 0 and var unknown })
            yield return $"warning {Figure.Count(unknown)} tokens of the text are not in the checkpoint's vocab "
                + $"and are read as {Vocab.Unknown}: --extend-vocab adds them";
        foreach (string line in Place(run.RunDirectory, run.Warnings, run.EpochsDone, run.BatchesDone))
            yield return line;
    }

    /// <summary>Describes one epoch in one line.</summary>
    public static string Describe(RunEvent.Epoch told, LossStyle style)
    {
        EpochMetrics epoch = told.Metrics;
        string heldOut = (epoch.HeldOutLoss is { } nats ? $"  held-out {Loss(nats, style, isHeldOut: true)}" : "")
            + Describe(epoch.HeldOut, "  held-out ");
        (string unit, long done, long all) = told.TotalSteps > 0 ? ("step", epoch.Step, told.TotalSteps)
            : ("epoch", epoch.Epoch, told.NumEpochs);
        return $"{unit} {Figure.Count(done).PadLeft(Figure.Count(all).Length)}/{Figure.Count(all)}"
            + $"  {Loss(epoch.TrainLoss, style)}{heldOut}"
            + $"  {Rate(epoch, style)}  gradient norm {epoch.GradientNorm:0.000}"
            + $"  elapsed {Figure.Duration(epoch.ElapsedSeconds)}  left {Figure.Duration(told.RemainingSeconds)}";
    }

    /// <summary>Plots the held-out loss over all epochs in one line.</summary>
    public static string Curve(IReadOnlyList<double> losses)
    {
        const string Heights = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";
        int points = Math.Min(losses.Count, MostPoints);
        double[] shown = [.. Enumerable.Range(0, points)
            .Select(i => losses[(int)((long)i * (losses.Count - 1) / Math.Max(1, points - 1))])];
        double least = shown.Min(), span = shown.Max() - least;
        IEnumerable<char> bars = shown.Select(
            loss => Heights[span > 0 ? (int)Math.Round((loss - least) / span * (Heights.Length - 1)) : 0]);
        return $"curve   {string.Concat(bars)}  held-out loss {losses[0]:0.000} to {losses[^1]:0.000} nats, at best {losses.Min():0.000}";
    }

    /// <summary>Describes in one line how a model does on unseen text.</summary>
    public static string Describe(UnseenFigures unseen)
    {
        string part = unseen.Part switch
        {
            "test" => "the test part",
            "held-out" => "the held-out part",
            _ => "the rest of the text",
        };
        string nGram = unseen.NGramLoss is { } loss
            ? $"; counted {unseen.NGramOrder}-grams {Figure.Perplexity(Math.Exp(loss))}"
                + (unseen.NGramTokens < unseen.TrainTokens ? $" (of the first {Figure.Count(unseen.NGramTokens)} tokens)" : "")
            : "";
        string memorised = unseen.IsMemorised
            ? "; the model memorised its text: more text (--max-tokens 0), fewer epochs or --dropout 0.3 help" : "";
        return $"unseen  perplexity {Figure.Perplexity(Math.Exp(unseen.Loss))} on {part}, {Figure.Count(unseen.Tokens)} tokens{nGram}"
            + memorised;
    }

    /// <summary>Figures as text, each after a prefix.</summary>
    public static string Describe(IReadOnlyDictionary<string, double>? figures, string before) =>
        string.Concat(figures?.Select(figure => $"{before}{Metric.NameOf(figure.Key)} {figure.Value:0.0000}") ?? []);

    /// <summary>A loss as text.</summary>
    /// <param name="nats">Nats per token or prediction.</param>
    /// <param name="style">Perplexity or nats.</param>
    /// <param name="isHeldOut">Whether it follows "held-out", after which a perplexity needs no label.</param>
    public static string Loss(double nats, LossStyle style, bool isHeldOut = false) => style == LossStyle.Perplexity
        ? $"{(isHeldOut ? "" : "perplexity ")}{Figure.Perplexity(Math.Exp(nats))}"
        : $"loss {nats:0.0000}";

    /// <summary>The speed of an epoch as text.</summary>
    public static string Rate(EpochMetrics epoch, LossStyle style) =>
        $"{Figure.Count(epoch.TokensPerSecond)} {(style == LossStyle.Perplexity ? "tokens" : "predictions")}/s";

    private static IEnumerable<string> Describe(string corpus, RunData.Text text)
    {
        string part = text.TrainTokens < text.CorpusTokens
            ? $"{Figure.Count(text.TrainTokens)} of its {Figure.Count(text.CorpusTokens)} tokens"
            : $"{Figure.Count(text.CorpusTokens)} tokens";
        yield return $"text    {Printable.Text(corpus)}: {part}; vocab {Figure.Count(text.VocabSize)}"
            + (text.AddedTokens > 0 ? $", {Figure.Count(text.AddedTokens)} of them new" : "");
        if (text.HeldOut is not null)
            yield return $"held out  {text.HeldOut}";
        if (text.TestTokens > 0)
            yield return $"test    the last {Figure.Count(text.TestTokens)} tokens, measured at the end";
    }

    private static IEnumerable<string> Describe(string corpus, RunData.Pairs pairs)
    {
        yield return $"pairs   {Printable.Text(corpus)}: {Figure.Count(pairs.TrainPairs)}; vocabs {Figure.Count(pairs.SourceTokens)} and "
            + $"{Figure.Count(pairs.TargetTokens)}";
        if (pairs.HeldOutPairs > 0)
            yield return $"held out  {Figure.Count(pairs.HeldOutPairs)} pairs";
    }

    private static string Model(ModelConfig model, long parameters)
    {
        string form = model.Variant != CellVariant.Standard ? $", {Choices.NameOf(model.Variant)}"
            : model.Cell == CellKind.Esn
                ? $", spectral radius {model.EffectiveSpectralRadius}, leak rate {model.EffectiveLeakRate}, input scaling "
                    + $"{model.EffectiveInputScaling}, sparsity {model.EffectiveSparsity}"
            : model.Cell == CellKind.Gru && model.Implementation == Implementation.Custom
                ? $", {Choices.NameOf(model.EffectiveGruForm)}" : "";
        string attention = model.Attention is { } kind
            ? $", {Choices.NameOf(kind)} attention over {model.EffectiveAttentionWindow} steps" : "";
        string layers = model.NumLayers == 1 ? "1 layer" : $"{model.NumLayers} layers";
        return $"model   {model.CellName} ({Choices.NameOf(model.Implementation)}{form}), {layers} of {model.NumHiddens} "
            + $"hidden units{attention}, {Figure.Count(parameters)} parameters";
    }

    // The run directory, the warnings, and the point from which the run continues.
    private static IEnumerable<string> Place(string? directory, IReadOnlyList<string> warnings, int epochs, int batches)
    {
        if (directory is not null)
            yield return $"run     {Printable.Text(directory)}";
        foreach (string warning in warnings)
            yield return $"warning {Printable.Text(warning)}";
        if (epochs > 0 || batches > 0)
            yield return $"continues after epoch {epochs}{(batches > 0 ? $" and {batches} minibatches" : "")}";
    }
}

/// <summary>The unit in which a run's loss is reported.</summary>
internal enum LossStyle
{
    /// <summary>Perplexity, for language models.</summary>
    Perplexity,

    /// <summary>Nats per prediction and the figures of held-out pairs, for models on pairs.</summary>
    Nats,
}
