using CharLM.Models;
using CharLM.Models.Attention;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using static TorchSharp.torch;

namespace CharLM.Tests.Models;

/// <summary>A small language model of every kind, by name.</summary>
internal static class SmallModels
{
    public static Vocab Letters { get; } = new([new("a", 3), new("b", 2), new("c", 1), new(" ", 1)]);

    /// <summary>A text in the models' vocab.</summary>
    public static int[] Text { get; } = [.. Enumerable.Range(0, 600).Select(i => 1 + (i * i % 7 % 4))];

    /// <summary>The neural networks, computed by torch or the kernels.</summary>
    public static IReadOnlyList<string> Networks { get; } = ["fused gru", "fused lstm with tied embedding", "fused gru with attention",
        "built-in gru", "built-in lstm", "custom rnn"];

    public static IReadOnlyList<string> Kinds { get; } = [.. Networks, "n-gram"];

    public static ILanguageModel Create(string kind) => kind == "n-gram" ? NGramModel.Train(Text, 4, Letters.Count) : Network(kind);

    public static LanguageModel Network(string kind, double dropout = 0)
    {
        manual_seed(5);
        return new LanguageModel(
            new ModelConfig
            {
                Implementation = Is("fused") ? Implementation.Fused : Is("built-in") ? Implementation.BuiltIn : Implementation.Custom,
                Cell = Is("lstm") ? CellKind.Lstm : Is("rnn") ? CellKind.Rnn : CellKind.Gru,
                NumHiddens = 12,
                NumLayers = Is("lstm") ? 2 : 1,
                EmbeddingSize = Is("embedding") ? 12 : 0,
                TieWeights = Is("tied"),
                Attention = Is("attention") ? AttentionKind.Dot : null,
                OutputDropout = dropout,
                Init = WeightInit.Normal,
                InitSigma = 0.7,
            },
            Letters.Count);

        bool Is(string word) => kind.Contains(word, StringComparison.Ordinal);
    }
}
