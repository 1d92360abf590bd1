using System.Security.Cryptography;
using System.Text;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tests.Corpora;
using CharLM.Training;
using CharLM.Workbench.Runs;

namespace CharLM.Tests.Workbench.Reports.Runs;

/// <summary>Small runs in real run directories.</summary>
internal static class TrainedRun
{
    /// <summary>A text that even a small model can partly learn.</summary>
    public static CorpusText Corpus { get; } = Make(
        string.Concat(Enumerable.Repeat("time traveller said that time is only a kind of space ", 40)));

    /// <summary>Trains three epochs in a new run directory.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="hiddens">Hidden units.</param>
    /// <param name="validation">The fraction of the text that is held out.</param>
    public static void In(string path, int hiddens = 8, double validation = 0.2)
    {
        var config = new RunConfig
        {
            Model = new ModelConfig { NumHiddens = hiddens },
            Training = new TrainerConfig { BatchSize = 4, NumSteps = 8, NumEpochs = 3 },
            SampleEvery = 1,
        };
        config = config with { Text = config.Text with { MaxTokens = 0, ValidationFraction = validation } };
        using RunSession session = RunKind.LanguageModel.New(path);
        new TrainingRun(config, threads: 1, session: session).Execute(Corpus);
    }

    private static CorpusText Make(string text) =>
        TestCorpus.Of(text, "made", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
}
