using CharLM.Corpora;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>
/// Default settings for an arbitrary text, by its length alone: no cleaning, all of the text, the end held out, an LSTM trained for a few
/// minutes. Machines differ in the number of steps, not in the settings.
/// </summary>
public static class OwnText
{
    /// <summary>The preset's name.</summary>
    public const string Preset = "own-text";

    /// <summary>The minimum number of characters: fewer teach nothing that generalizes.</summary>
    public const int LeastCharacters = 2_000;

    // A twentieth each for validation and for the test, but no more than a figure needs.
    private const double HeldOutShare = 0.05;
    private const double MostHeldOut = 200_000, MostTested = 1_000_000;

    private const int MostRows = 256, MostRowsOfManyKinds = 8;

    // In a run of one pass the state would be zero once, and the model could come to depend on a state carried from far away: on Tang
    // verse the training loss was 5.3 nats, that of held-out text, which begins at zero, 14.
    private const int MinibatchesOfState = 16;
    private const int LongestSearch = 20_000, ShortestLine = 5, LongestPrefix = 20;

    // With thousands of distinct characters the output layer takes most of the time, and a wider one takes more than it gives.
    private const int HiddenOfManyKinds = 256;

    // From so many kinds on, a minibatch learns the output layer on a sample of them: in the same time, Tang verse (5,387 kinds) falls to
    // a perplexity of 188 instead of 221 (docs/findings.md).
    private const int KindsToSample = 2_000, Sample = 512;

    // Settings by the minimum number of characters; passes are the maximum. In the same time, few steps of 384 units beat many of 256; a
    // few passes need a high learning rate (docs/findings.md).
    private static readonly (long Characters, int Hidden, int Embedding, int Rows, int Steps, double Dropout, int Passes)[] Sizes =
    [
        (0, 128, 32, 8, 32, 0.5, 40),
        (20_000, 256, 48, 16, 48, 0.5, 40),
        (100_000, 256, 64, 16, 64, 0.4, 30),
        (500_000, 384, 64, 24, 64, 0.25, 12),
        (1_500_000, 384, 64, 24, 64, 0.1, 6),
        (15_000_000, 384, 64, 24, 64, 0, 2),
    ];

    /// <summary>Chooses the settings for a text.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="config">Its cleaning and tokens; the rest is chosen here.</param>
    /// <param name="cancellationToken">Looked at now and then.</param>
    /// <exception cref="InvalidConfigException">It is too short.</exception>
    /// <exception cref="CorpusException">The text cannot be read, or the cache not be written.</exception>
    public static RunConfig For(CorpusText corpus, TextConfig config, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(config);
        EncodedText text = EncodedText.Of(corpus, config, cancellationToken);
        // What is between documents counts, too.
        EncodedText all = EncodedText.CountOf(corpus, config with { Documents = DocumentKind.None }, cancellationToken);
        RunConfig settings = For(all.Length, all.Tokens.Count);
        return settings with
        {
            Text = settings.Text with
            {
                Cleaning = config.Cleaning,
                Token = config.Token,
                Documents = config.Documents,
                // A word that occurs once would be trained as the unknown one anyway.
                MinFreq = config.MinFreq == 0 && config.Token == TokenKind.Word ? 2 : config.MinFreq,
                Encoding = config.Encoding,
            },
            Training = settings.Training with { BatchSize = RowsOf(text.Figures, config.Documents, settings.Training) },
            Prefix = PrefixOf(corpus, config),
        };
    }

    // For documents shorter than a row, enough rows to keep the minibatch's number of tokens.
    private static int RowsOf(TextFigures text, DocumentKind documents, TrainerConfig training)
    {
        if (documents is DocumentKind.None or DocumentKind.Files)
            return training.BatchSize;
        int length = (int)Math.Min(int.MaxValue, text.Length / Math.Max(1, text.NonBlank));
        return Math.Clamp(training.BatchSize * training.NumSteps / Math.Max(1, length), training.BatchSize, MostRows);
    }

    /// <summary>Chooses the settings for a length.</summary>
    /// <param name="characters">Number of characters (or words).</param>
    /// <param name="kinds">Number of distinct characters (or words).</param>
    /// <exception cref="InvalidConfigException">The text is too short.</exception>
    public static RunConfig For(long characters, int kinds)
    {
        if (characters < LeastCharacters)
        {
            throw new InvalidConfigException(
                [$"the text has {characters} characters, and a model of its own needs {LeastCharacters} or more: add text, or memorise "
                    + "it with the preset d2l-lstm"]);
        }
        (_, int hidden, int embedding, int rows, int steps, double dropout, int passes) =
            Sizes.Last(size => size.Characters <= characters);
        // With thousands of distinct characters, as in Chinese, the output layer dominates the work and most characters are rare: tied
        // weights share what they learn as inputs and outputs.
        bool manyKinds = kinds > 1_000;
        if (manyKinds)
            hidden = Math.Min(hidden, HiddenOfManyKinds);
        return new RunConfig
        {
            Text = new TextConfig
            {
                Cleaning = Cleaning.None,
                MaxTokens = 0,
                ValidationFraction = Share(characters, MostHeldOut),
                TestFraction = Share(characters, MostTested),
            },
            Model = new ModelConfig
            {
                Cell = CellKind.Lstm,
                NumHiddens = hidden,
                EmbeddingSize = manyKinds ? hidden : embedding,
                TieWeights = manyKinds,
                InputDropout = dropout / 8,
                OutputDropout = dropout,
            },
            Training = new TrainerConfig
            {
                NumEpochs = passes,
                BatchSize = manyKinds ? Math.Min(rows, MostRowsOfManyKinds) : rows,
                NumSteps = steps,
                ResetEvery = MinibatchesOfState * steps,
                Optimizer = OptimizerKind.AdamW,
                WeightDecay = 0.01,
                Beta2 = 0.99,
                LearningRate = 0.006,
                SampledSoftmax = kinds >= KindsToSample ? Sample : 0,
                Schedule = new ScheduleConfig { Kind = ScheduleKind.Cosine, WarmUpEpochs = 1 },
            },
            Minutes = 3,
            SampleTemperature = 0.8,
            SampleLength = 200,
        };
    }

    /// <summary>
    /// Whether a text is the user's own, not The Time Machine or the bundled text, for which the books' settings are meant.
    /// </summary>
    public static bool IsOwn(CorpusNames corpus) =>
        corpus is not [CorpusResolver.Auto or CorpusResolver.Preferred or CorpusResolver.Bundled];

    /// <summary>
    /// A typical beginning of a text: the first words of the first line that is long enough and not all in capitals; empty for documents,
    /// which begin by themselves.
    /// </summary>
    /// <param name="corpus">The text.</param>
    /// <param name="config">Its cleaning and tokens.</param>
    public static string PrefixOf(CorpusText corpus, TextConfig config)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(config);
        if (config.Documents != DocumentKind.None)
            return "";
        string raw = corpus.Beginning(LongestSearch), beginning = TextCleaner.Clean(raw, config.Cleaning, "\n");
        if (config.Token == TokenKind.Byte)
        {
            beginning = new ByteTokenizer().ToText(beginning);
            // Binary data has no words to begin with.
            if (beginning.AsSpan(0, Math.Min(beginning.Length, LongestPrefix)).ContainsAnyInRange('\uFFFD', '\uFFFF')
                || beginning.Contains('\0', StringComparison.Ordinal))
                return "\n";
        }
        string[] lines = [.. beginning.Split('\n').Select(line => line.Trim()).Where(line => line.Length >= ShortestLine)];
        string line = Array.Find(lines, line => !IsInCapitals(line)) ?? lines.FirstOrDefault() ?? beginning.Trim();
        if (line.Length == 0)
            return raw[..1];
        // Whole words if possible.
        int most = Math.Min(LongestPrefix, line.Length / 2), space = line.LastIndexOf(' ', most);
        return space > 0 ? line[..space]
            : config.Token == TokenKind.Word ? line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[0]
            : line[..Math.Max(1, EndOf(line, Math.Min(most, LongestPrefix / 4)))];

        // A title, after which a model writes headings.
        static bool IsInCapitals(string line) => line.Any(char.IsUpper) && !line.Any(char.IsLower);

        // Never split a surrogate pair.
        static int EndOf(string line, int end) => end > 0 && char.IsHighSurrogate(line[end - 1]) ? end + 1 : end;
    }

    // Rounded, to be readable in a file.
    private static double Share(long characters, double most) => Math.Round(Math.Min(HeldOutShare, most / characters), 4);
}
