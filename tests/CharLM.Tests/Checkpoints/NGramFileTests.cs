using CharLM.Checkpoints;
using CharLM.Checkpoints.Safetensors;
using CharLM.Evaluation;
using CharLM.Models.NGram;
using CharLM.Tokenization;

namespace CharLM.Tests.Checkpoints;

public sealed class NGramFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("counts.safetensors");

    public static TheoryData<string, string, int[], string> Bad => new()
    {
        { "a token beyond the vocab", "ngram.1.tokens", [1, 9], "a token that its vocab lacks" },
        { "a token below 0", "ngram.1.tokens", [-1, 1], "a token that its vocab lacks" },
        { "tokens out of order", "ngram.1.tokens", [2, 1], "out of order" },
        { "too few counts", "ngram.2.counts", [1], "counts" },
        { "a count below 0", "ngram.1.counts", [-5, 1], "impossible counts" },
        { "counts that overflow", "ngram.1.counts", [int.MaxValue, int.MaxValue], "impossible counts" },
        { "children beyond the end", "ngram.1.first_child", [0, 2, 1_000_000], "does not say which" },
        { "children backwards", "ngram.1.first_child", [0, 1_000_000, 4], "out of order" },
        { "children from elsewhere", "ngram.1.first_child", [1, 2, 4], "does not say which" },
        { "too few children", "ngram.1.first_child", [0], "does not say which" },
    };

    public void Dispose() => _folder.Dispose();

    // As for millions of words: what is written can be read, and what could not be read is not written.
    [Fact]
    public void Write_LargeHeader_IsReadOrRefused()
    {
        SafetensorsFile.Write(Path, Header(40_000_000), []);
        using (FileStream file = File.OpenRead(Path))
            Assert.Equal(40_000_000, SafetensorsHeader.Read(file).Metadata["vocab"].Length);

        var e = Assert.Throws<CheckpointException>(() => SafetensorsFile.Write(_folder.File("more"), Header(100_000_000), []));
        Assert.Contains("nobody could read more than 100,000,000: take a smaller vocab", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("more")));

        static byte[] Header(int length) => SafetensorsFile.Header([new("vocab", new string('a', length))], []);
    }

    [Fact]
    public void Read_Written_PredictsTheSame()
    {
        NGramCheckpoint written = Counted();
        NGramFile.Write(Path, written);
        var read = Assert.IsType<NGramCheckpoint>(ModelFile.Read(Path));
        Assert.Equal((written.Text, written.Corpus, written.Progress), (read.Text, read.Corpus, read.Progress));
        Assert.Equal(written.Vocab.Tokens, read.Vocab.Tokens);
        Assert.Equal(written.Model.NGrams, read.Model.NGrams);
        Assert.Equal(written.Model.Discounts, read.Model.Discounts);
        int[] text = [1, 2, 2, 1, 1, 2, 0, 1];
        Assert.Equal(Evaluator.Measure(written.Model, text, rows: 1), Evaluator.Measure(read.Model, text, rows: 1));
    }

    [Fact]
    public void Read_CountsWithLaplaceSmoothing_PredictTheSame()
    {
        int[] text = [1, 2, 2, 1, 1, 2, 0, 1];
        NGramCheckpoint good = Counted();
        var counted = good with { Model = NGramModel.Train(text, 3, good.Vocab.Count, laplace: 0.1) };
        NGramFile.Write(Path, counted);
        NGramCheckpoint read = NGramFile.Read(Path);
        Assert.Equal(0.1, read.Model.Laplace);
        Assert.Equal(Evaluator.Measure(counted.Model, text, rows: 1), Evaluator.Measure(read.Model, text, rows: 1));
        Assert.NotEqual(Evaluator.Measure(good.Model, text, rows: 1), Evaluator.Measure(read.Model, text, rows: 1));
    }

    // Sealed again, so that the checksum is right and only the content is wrong.
    [Theory, MemberData(nameof(Bad))]
    public void Read_ListsThatCannotBe_AreRefused(string damage, string name, int[] values, string complaint)
    {
        Assert.NotEmpty(damage);
        NGramCheckpoint good = Counted();
        Assert.Equal(2, good.Model.NGrams[0]);
        Seal(good, order: 2, tensors => tensors[name] = values);
        Assert.Contains(complaint, Assert.Throws<CheckpointException>(() => ModelFile.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OrderOrListsThatAreNotThere_AreRefused()
    {
        Seal(Counted(), order: 11, _ => { });
        Assert.Contains("has no order of 1 to 10", Assert.Throws<CheckpointException>(() => NGramFile.Read(Path)).Message,
            StringComparison.Ordinal);
        Seal(Counted(), order: 3, _ => { });
        Assert.Contains("lacks the list 'ngram.2.first_child'", Assert.Throws<CheckpointException>(() => NGramFile.Read(Path)).Message,
            StringComparison.Ordinal);
        Seal(Counted(), order: 2, tensors => tensors.Remove("ngram.1.counts"));
        Assert.Contains("lacks the list 'ngram.1.counts'", Assert.Throws<CheckpointException>(() => NGramFile.Read(Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_EveryCutAndFlippedByte_IsRefused()
    {
        NGramFile.Write(Path, Counted());
        byte[] good = File.ReadAllBytes(Path);
        for (int place = 0; place < good.Length; place += 7)
        {
            byte[] flipped = [.. good];
            flipped[place] ^= 0x10;
            File.WriteAllBytes(Path, flipped);
            Assert.Throws<CheckpointException>(() => ModelFile.Read(Path));
            File.WriteAllBytes(Path, good[..place]);
            Assert.Throws<CheckpointException>(() => ModelFile.Read(Path));
        }
    }

    private static NGramCheckpoint Counted()
    {
        var vocab = Vocab.Restore([Vocab.Unknown, "a", "b"]);
        int[] text = [1, 2, 2, 1, 1, 2, 1, 2, 2, 1];
        return new NGramCheckpoint
        {
            Model = NGramModel.Train(text, 2, vocab.Count),
            Text = new TextConfig { MaxTokens = 0 },
            Vocab = vocab,
            Corpus = new CorpusRecord("text", "00"),
            Progress = new TrainingProgress { Epochs = 1, HeldOutPerplexity = 2 },
        };
    }

    private void Seal(NGramCheckpoint checkpoint, int order, Action<Dictionary<string, int[]>> change)
    {
        var tensors = new Dictionary<string, int[]>();
        for (int length = 1; length <= checkpoint.Model.Order; length++)
        {
            NGramLevel level = checkpoint.Model.Levels[length];
            tensors[$"ngram.{length}.tokens"] = level.Tokens;
            tensors[$"ngram.{length}.counts"] = level.Counts;
            if (length < checkpoint.Model.Order)
                tensors[$"ngram.{length}.first_child"] = level.FirstChild;
        }
        change(tensors);
        ChecksummedFile.Write(
            Path,
            [.. CheckpointMetadata.WriteText(checkpoint), new("kind", "ngram"), new("order", $"{order}")],
            [.. tensors.Select(tensor => new OutgoingTensor(tensor.Key, [tensor.Value.Length], tensor.Value))]);
    }
}
