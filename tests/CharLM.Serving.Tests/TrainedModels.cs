using System.Runtime.CompilerServices;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Library;
using CharLM.Models;
using CharLM.Serving.Engine;
using CharLM.Serving.Http;
using CharLM.Tokenization;
using CharLM.Training;

[assembly: AssemblyFixture(typeof(CharLM.Serving.Tests.TrainedModels))]

namespace CharLM.Serving.Tests;

/// <summary>Small models that all tests serve.</summary>
public sealed class TrainedModels : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    [ModuleInitializer]
    internal static void Prepare() => RuntimeHelpers.RunModuleConstructor(typeof(CharModel).Module.ModuleHandle);

    /// <summary>A GRU of English.</summary>
    public string English => _folder.File("english.safetensors");

    /// <summary>An LSTM of Chinese, Arabic and emoji.</summary>
    public string World => _folder.File("world.safetensors");

    /// <summary>A GRU of bytes.</summary>
    public string Bytes => _folder.File("bytes.safetensors");

    public async ValueTask InitializeAsync()
    {
        const string Traveller = "Once upon a time there was a traveller. For so it will be convenient to speak of him: he was expounding "
            + "a matter to us.\n";
        const string Verse = "床前明月光，疑是地上霜。\nفي البدء كان الكلمة، والكلمة كان عند الله.\nGrüße 🐳 λόγος!\n";
        await TrainAsync(English, Traveller, new ModelConfig { NumHiddens = 48 }, new TextConfig { Cleaning = Cleaning.None, MaxTokens = 0 });
        await TrainAsync(
            World, Verse, new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 64 }, new TextConfig { Cleaning = Cleaning.None, MaxTokens = 0 });
        await TrainAsync(Bytes, Verse, new ModelConfig { NumHiddens = 32 },
            new TextConfig { Token = TokenKind.Byte, Cleaning = Cleaning.None, MaxTokens = 0 });
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Loads a model to serve.</summary>
    internal static ServedModel Serve(string path, ServeLimits? limits = null)
    {
        ISavedModel saved = ModelFile.Read(path);
        limits ??= new ServeLimits();
        return new ServedModel(
            Path.GetFileNameWithoutExtension(path), saved, saved.Open(), File.GetLastWriteTimeUtc(path), limits.Rows, limits.Waiting);
    }

    private static async Task TrainAsync(string path, string text, ModelConfig model, TextConfig config)
    {
        using CharModel trained = await CharModel.TrainAsync(
            CorpusText.FromString(Tokenizer.Create(config.Token).FromText(string.Concat(Enumerable.Repeat(text, 30)))), new CharModelConfig
            {
                Text = config,
                Model = model,
                Training = new TrainerConfig
                {
                    NumEpochs = 20,
                    BatchSize = 8,
                    NumSteps = 24,
                    Optimizer = OptimizerKind.Adam,
                    LearningRate = 0.01,
                },
            });
        trained.Save(path);
    }
}
