using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Generation;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Library.Tests;

/// <summary>The front door, as a program of a user's own sees it.</summary>
public sealed class CharModelTests : IDisposable
{
    private static readonly CharModelConfig Small = new()
    {
        Model = new ModelConfig { NumHiddens = 24 },
        Training = new TrainerConfig { NumEpochs = 3, BatchSize = 8, NumSteps = 16, Optimizer = OptimizerKind.Adam, LearningRate = 0.01 },
    };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("charlm-model-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private static Task<CharModel> TrainAsync(CharModelConfig? config = null) =>
        CharModel.TrainAsync(CorpusText.FromString(SampleText.Text), config ?? Small);

    private static async Task<string> WriteAsync(CharModel model, GenerationConfig options, CancellationToken cancellation = default)
    {
        var text = new System.Text.StringBuilder();
        await foreach (string piece in model.GenerateAsync("Once upon", options, cancellation))
            text.Append(piece);
        return text.ToString();
    }

    [Fact]
    public async Task TrainAsync_Text_TellsEveryEpochAndLearns()
    {
        var told = new List<EpochReport>();
        using CharModel model = await CharModel.TrainAsync(CorpusText.FromString(SampleText.Text), Small, new Told(told));
        Assert.Equal([1, 2, 3], told.Select(report => report.Epoch));
        Assert.True(told[2].Train.Perplexity < told[0].Train.Perplexity);
        Assert.InRange(model.Measure(SampleText.Text).Perplexity, 1, told[0].Train.Perplexity);
    }

    [Fact]
    public async Task Save_ThenLoad_MeasuresAndWritesTheSame()
    {
        using CharModel model = await TrainAsync();
        model.Save(At("m.safetensors"));
        using CharModel read = CharModel.Load(At("m.safetensors"));
        Assert.Equal(model.Measure(SampleText.Text), read.Measure(SampleText.Text));
        var options = new GenerationConfig { Length = 40, Sampling = Sampling.AtTemperature(1), Seed = 5 };
        Assert.Equal(await WriteAsync(model, options), await WriteAsync(read, options));
    }

    [Fact]
    public async Task GenerateAsync_EightAtOnce_AreThoseOfOneAfterTheOther()
    {
        using CharModel model = await TrainAsync();
        GenerationConfig Options(int seed) => new() { Length = 60, Sampling = Sampling.AtTemperature(1), Seed = seed };
        var expected = new List<string>();
        for (int i = 0; i < 8; i++)
            expected.Add(await WriteAsync(model, Options(i)));
        Assert.Equal(expected, await Task.WhenAll(Enumerable.Range(0, 8).Select(i => WriteAsync(model, Options(i)))));
        Assert.Equal(8, expected.Distinct().Count());
    }

    [Fact]
    public async Task GenerateAsync_Cancelled_EndsBetweenTwoTokens()
    {
        using CharModel model = await TrainAsync();
        using var end = new CancellationTokenSource();
        int pieces = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (string _ in model.GenerateAsync("Once", new GenerationConfig { Length = 1_000_000 }).WithCancellation(end.Token))
            {
                if (++pieces == 3)
                    await end.CancelAsync();
            }
        });
        Assert.Equal(3, pieces);
    }

    [Fact]
    public async Task TrainAsync_Cancelled_Throws()
    {
        using var end = new CancellationTokenSource();
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => CharModel.TrainAsync(CorpusText.FromString(SampleText.Text), Small, cancellationToken: end.Token));
    }

    [Fact]
    public async Task GenerateAsync_SeveralSamples_AreRefusedAtOnce()
    {
        using CharModel model = await TrainAsync(Small with { Training = Small.Training with { NumEpochs = 1 } });
        Assert.StartsWith("samples must be 1", Assert.Throws<InvalidConfigException>(
            () => model.GenerateAsync("a", new GenerationConfig { Samples = 2, Sampling = Sampling.AtTemperature(1) })).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyCall_DisposedModel_Throws()
    {
        CharModel model = await TrainAsync(Small with { Training = Small.Training with { NumEpochs = 1 } });
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Measure("Once upon a time"));
        Assert.Throws<ObjectDisposedException>(() => model.Save(At("gone.safetensors")));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => WriteAsync(model, new GenerationConfig { Length = 3 }));
        Assert.False(File.Exists(At("gone.safetensors")));
    }

    [Fact]
    public async Task TrainAsync_HeldOutPartAndPlateau_HearsOfIt()
    {
        var config = Small with
        {
            Text = Small.Text with { ValidationFraction = 0.2 },
            Training = Small.Training with { Schedule = new ScheduleConfig { Kind = ScheduleKind.Plateau } },
        };
        using CharModel model = await TrainAsync(config);
        Assert.StartsWith("schedule plateau waits for", Assert.Throws<InvalidConfigException>(
            () => (config with { Text = Small.Text }).Validate()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromFile_TextOfAnEncoding_IsReadAndNamed()
    {
        File.WriteAllBytes(At("text.txt"), [.. "Gr"u8, 0xFC, .. "n"u8]);
        CorpusText text = CorpusText.FromFile(At("text.txt"), "latin-1");
        Assert.Equal(("Grün", "text.txt"), (text.Text, text.Origin.Name));
        Assert.ThrowsAny<CorpusException>(() => CorpusText.FromFile(At("missing.txt")));
        Assert.Throws<InvalidConfigException>(() => CorpusText.FromFile(At("text.txt"), "klingon"));
    }

    [Fact]
    public void FromString_Text_HasTheChecksumOfItsBytes()
    {
        CorpusText text = CorpusText.FromString("abc", "letters");
        // FIPS 180-2's own example.
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", text.Origin.Sha256);
        Assert.Equal("letters", text.Origin.Name);
    }

    [Fact]
    public void Load_NoModel_SaysSo()
    {
        File.WriteAllText(At("no.safetensors"), "no model");
        Assert.StartsWith(At("no.safetensors"),
            Assert.Throws<CheckpointException>(() => CharModel.Load(At("no.safetensors"))).Message, StringComparison.Ordinal);
    }

    private sealed class Told(List<EpochReport> reports) : IProgress<EpochReport>
    {
        public void Report(EpochReport value) => reports.Add(value);
    }
}
