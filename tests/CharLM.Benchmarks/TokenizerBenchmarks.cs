using BenchmarkDotNet.Attributes;
using CharLM.Tokenization;

namespace CharLM.Benchmarks;

/// <summary>Counting and encoding a text of 100 million characters; time over size is the rate, "Allocated" over size the memory.</summary>
[MemoryDiagnoser]
public class TokenizerBenchmarks
{
    private const int Length = 100_000_000;

    private string _text = "";
    private Vocab _vocab = Vocab.Restore([Vocab.Unknown]);
    private Tokenizer _tokenizer = new CharTokenizer();

    /// <summary>What a token is.</summary>
    [Params(TokenKind.Char, TokenKind.Word)]
    public TokenKind Kind { get; set; }

    /// <summary>English-like text: words of 1 to 9 letters.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        string[] words = [.. Enumerable.Range(0, 20_000)
            .Select(_ => new string([.. Enumerable.Range(0, random.Next(1, 10)).Select(_ => (char)('a' + random.Next(26)))]))];
        _text = string.Create(Length, random, (text, source) =>
        {
            for (int place = 0; place < text.Length;)
            {
                string word = words[(int)(words.Length * Math.Pow(source.NextDouble(), 3))];
                int taken = Math.Min(word.Length, text.Length - place);
                word.AsSpan(0, taken).CopyTo(text[place..]);
                place += taken;
                if (place < text.Length)
                    text[place++] = ' ';
            }
        });
        _tokenizer = Tokenizer.Create(Kind);
        _vocab = new Vocab(_tokenizer.Count(_text));
    }

    /// <summary>The pass that makes the vocab.</summary>
    [Benchmark]
    public int Count() => _tokenizer.Count(_text).Count;

    /// <summary>The pass that makes the ids.</summary>
    [Benchmark]
    public int Encode() => _tokenizer.Encode(_text, _vocab).Length;
}
