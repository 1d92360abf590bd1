using System.Text;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;
using CharLM.Models.NGram;
using CharLM.Tokenization;
using FsCheck;
using FsCheck.Fluent;
using static TorchSharp.torch;

namespace CharLM.Tests.Evaluation;

/// <summary>Lines with carried state sum to the evaluation of the whole text, for any text.</summary>
public sealed class ScoredLinesTests
{
    private static readonly string[] Pieces = ["a", "b", "ab", "Ba", " ", "  ", "\n", "\r", "\r\n", "\n\n", "7", "-", "é", "🐳", "\t",
        "\uFEFF", "\u2028"];

    public static TheoryData<Cleaning, TokenKind> Texts =>
        [.. from cleaning in Enum.GetValues<Cleaning>() from token in Enum.GetValues<TokenKind>()
            where token != TokenKind.Byte || cleaning == Cleaning.None select (cleaning, token)];

    [Theory]
    [MemberData(nameof(Texts))]
    public void Score_AnyTextWithItsStateCarried_SumsToItsEvaluation(Cleaning cleaning, TokenKind token)
    {
        var config = new TextConfig { Cleaning = cleaning, Token = token, MaxTokens = 0 };
        TokenizedText trained = TokenizedText.From("ab a\nba ab b\r\n\nab é\tBa a\r\nb ab\n", config);
        manual_seed(4);
        using NGramModel counted = NGramModel.Train(trained.Train, 3, trained.Vocab.Count);
        using var recurrent = new LanguageModel(new ModelConfig { Cell = CellKind.Lstm, NumHiddens = 6 },
            trained.Vocab.Count)
        { Threads = 1 };
        ILanguageModel[] models = [counted, recurrent];

        Prop.ForAll(Gen.NonEmptyListOf(Gen.Elements(Pieces)).ToArbitrary(), pieces =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(pieces));
            if (EvaluationOf(bytes, config, trained.Vocab) is not { } text)
                return;
            foreach (ILanguageModel model in models)
            {
                using var scorer = new LineScorer(model, config, trained.Vocab, carriesState: true);
                LineScore[] lines = [.. LineReader.Read(new MemoryStream(bytes), "x").Select(line => scorer.Score(line))];
                LossSum nats = lines.Aggregate(default(LossSum), (sum, line) => sum + line.Total);
                LossSum expected = text.Tokens.Length < 2 ? default : Evaluator.Surprisals(model, text.Tokens,
                    new EvaluationConfig { Rows = 1 }) is var read ? read.Known + read.Unknown : default;
                Assert.Equal(expected.Tokens, nats.Tokens);
                Assert.Equal(expected.Total, nats.Total, 1e-5 * Math.Max(1, expected.Total));
                Assert.Equal(text.Characters, lines.Sum(line => line.Characters));
                Assert.Equal(text.Unknown, lines.SelectMany(line => line.Ids).Skip(1).Count(id => id == Vocab.UnknownId));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));
    }

    // As charlm eval reads a file; null if it has no text at all, and no predictions if it has one token.
    private static EvaluationText? EvaluationOf(byte[] bytes, TextConfig config, Vocab vocab)
    {
        try
        {
            CorpusReader.Result read = CorpusReader.ReadAsync(new MemoryStream(bytes), "x", 1 << 20,
                CancellationToken.None).GetAwaiter().GetResult();
            return EvaluationText.From(read.Text, config, vocab);
        }
        catch (CorpusFileException e) when (e.Error == CorpusFileError.Empty)
        {
            return null;
        }
        catch (InvalidConfigException)
        {
            return new EvaluationText
            {
                Tokens = Array.Empty<int>(),
                Characters = 0,
                Bytes = 0,
                RawBytes = 0,
                Measured = default,
                Range = default,
                TokensOfText = 0
            };
        }
    }
}
