using CharLM.Models;
using CharLM.Runs;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Cli.Reporting;

/// <summary>What is said of a run, in words; the live and the plain reporter show the same lines.</summary>
internal static class RunLines
{
    /// <summary>What is trained on what.</summary>
    public static IEnumerable<string> Describe(RunDescription run)
    {
        string part = run.TrainTokens < run.CorpusTokens
            ? $"{Figure.Count(run.TrainTokens)} of its {Figure.Count(run.CorpusTokens)} tokens"
            : $"{Figure.Count(run.CorpusTokens)} tokens";
        yield return $"text    {Printable.Text(run.Corpus)}: {part}; vocab {Figure.Count(run.VocabSize)}";
        if (run.HeldOut is not null)
            yield return $"held out  {run.HeldOut}";
        ModelConfig model = run.Model;
        string form = model.Variant != CellVariant.Standard ? $", {Choices.NameOf(model.Variant)}"
            : model.Cell == CellKind.Gru && model.Implementation == Implementation.Custom ? $", {Choices.NameOf(model.EffectiveGruForm)}" : "";
        string attention = model.Attention is { } kind ? $", {Choices.NameOf(kind)} attention over {model.EffectiveAttentionWindow} steps" : "";
        string layers = model.NumLayers == 1 ? "1 layer" : $"{model.NumLayers} layers";
        yield return $"model   {Choices.NameOf(model.Cell)} ({Choices.NameOf(model.Implementation)}{form}), {layers} of {model.NumHiddens} hidden units{attention}, {Figure.Count(run.NumParameters)} parameters";
        if (model.LeakLabel is { } leak)
            yield return $"warning {leak}";
        if (run.OtherCorpus is not null)
            yield return $"warning the checkpoint was trained on another text, '{Printable.Text(run.OtherCorpus)}'";
        if (run.UnknownTokens > 0)
            yield return $"warning {Figure.Count(run.UnknownTokens)} tokens of the text are not in the checkpoint's vocab and are read as {Vocab.Unknown}";
        if (run.RunDirectory is not null)
            yield return $"run     {Printable.Text(run.RunDirectory)}";
        foreach (string warning in run.Warnings)
            yield return $"warning {Printable.Text(warning)}";
        if (run.EpochsDone > 0 || run.BatchesDone > 0)
            yield return $"goes on after epoch {run.EpochsDone}{(run.BatchesDone > 0 ? $" and {run.BatchesDone} minibatches" : "")}";
    }

    /// <summary>One epoch in one line.</summary>
    public static string Describe(EpochReport epoch)
    {
        string heldOut = epoch.HeldOut is { } nats ? $"  held-out {Figure.Perplexity(nats.Perplexity)}" : "";
        return $"epoch {epoch.Epoch.ToString().PadLeft(epoch.NumEpochs.ToString().Length)}/{epoch.NumEpochs}"
            + $"  perplexity {Figure.Perplexity(epoch.Train.Perplexity)}{heldOut}"
            + $"  {Figure.Count(epoch.TokensPerSecond)} tokens/s  gradient norm {epoch.GradientNorm:0.000}"
            + $"  elapsed {Figure.Duration(epoch.ElapsedSeconds)}  left {Figure.Duration(epoch.RemainingSeconds)}";
    }
}
