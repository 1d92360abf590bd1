using System.Text.Json;
using CharLM.Checkpoints;
using CharLM.Models;
using CharLM.Tests.Workbench.Reports;
using CharLM.Tokenization;
using CharLM.Training;
using CharLM.Workbench.Inspection;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Tests.Workbench.Inspection;

public sealed class ActivationTraceTests
{
    private const int Hidden = 6;

    private static readonly Vocab Letters = Vocab.Restore([Vocab.Unknown, "a", "b", "\n", "\"", "</script>"]);

    public static TheoryData<string, ModelConfig> Models => new()
    {
        { "rnn", new ModelConfig { Cell = CellKind.Rnn } },
        { "relu", new ModelConfig { Cell = CellKind.Rnn, RnnActivation = RnnActivation.Relu } },
        { "gru", new ModelConfig { Implementation = Implementation.BuiltIn } },
        { "gru of the books, two layers", new ModelConfig { Implementation = Implementation.Custom, NumLayers = 2 } },
        { "lstm", new ModelConfig { Cell = CellKind.Lstm } },
        { "lstm, two layers, embedding", new ModelConfig { Cell = CellKind.Lstm, NumLayers = 2, EmbeddingSize = 4 } },
    };

    // Plain loops against torch: the hidden states, and an LSTM's cell states, after every token.
    [Theory, MemberData(nameof(Models))]
    public void Of_Text_IsWhatTheModelComputes(string name, ModelConfig config)
    {
        Assert.NotEmpty(name);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable unrecorded = no_grad();
        (Checkpoint checkpoint, LanguageModel model) = Make(config);
        using (model)
        {
            int[] ids = [1, 2, 1, 3, 4, 2, 2, 1];
            ActivationTrace trace = ActivationTrace.Of(checkpoint, ids, TestContext.Current.CancellationToken);
            RecurrentState state = model.BeginState(1);
            for (int step = 0; step < ids.Length; step++)
            {
                (_, state) = model.forward(tensor(new long[] { ids[step] }, [1, 1]), state);
                for (int layer = 0; layer < config.NumLayers; layer++)
                {
                    Close(state.Hidden[layer, 0], Row(trace, $"layer {layer + 1}, hidden", step));
                    if (state.Cell is { } cell)
                        Close(cell[layer, 0].tanh(), Row(trace, $"layer {layer + 1}, cell (tanh)", step));
                }
            }
        }
    }

    [Fact]
    public void Best_UnitThatIsTheFeature_ComesFirst()
    {
        string[] tokens = ["a", "b", "\n", "\"", "a", "\"", "b", "a", "b", "\n", "a"];
        IReadOnlyList<TextFeature> features = TextFeature.Of(tokens);
        Assert.Equal(["position in the line", "a newline comes next", "inside quotes", "position in the word", "the word ends here"],
            features.Select(feature => feature.Name));
        Assert.Equal([0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0], features[2].Values);
        Assert.Equal([1, 2, 0, 0, 1, 0, 1, 2, 3, 0, 1], features[3].Values);
        Assert.Empty(TextFeature.Of(["a"]));
        // Unit 1 falls with the position in the line; unit 0 is constant.
        float[] values = [.. features[0].Values.SelectMany(value => new[] { 0.5f, (float)(1 - (value / 10)) })];
        UnitRank best = UnitRank.Best([new ActivationSeries("x", 2, values)], features[0], 1)[0];
        Assert.Equal((0, 1), (best.Series, best.Unit));
        Assert.Equal(-1, best.Correlation, 5);
    }

    [Fact]
    public void Render_TextThatLooksLikeHtml_StaysData()
    {
        (Checkpoint checkpoint, LanguageModel model) = Make(new ModelConfig());
        model.Dispose();
        ActivationTrace trace = ActivationTrace.Of(checkpoint, [5, 1, 3, 2], TestContext.Current.CancellationToken);
        string html = ActivationPage.Render(trace, "<b>title");
        Assert.Contains("&lt;b&gt;title", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>title", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", html, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        const string Begin = "id=\"data\">";
        int begin = html.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        JsonElement data = JsonDocument.Parse(html[begin..html.IndexOf("</script>", begin, StringComparison.Ordinal)]).RootElement;
        Assert.Equal("</script>", data.GetProperty("tokens")[0].GetString());
        Assert.Equal(3, data.GetProperty("series").GetArrayLength());
        byte[] bytes = data.GetProperty("series")[0].GetProperty("values").GetBytesFromBase64();
        float[] hidden = trace.Series[0].Values.ToArray();
        for (int i = 0; i < hidden.Length; i++)
            Assert.Equal(hidden[i], (sbyte)bytes[i] / 127.0, 0.005);
    }

    [Fact]
    public async Task Render_InABrowser_ColoursTheTextAndChangesUnits()
    {
        Assert.SkipWhen(HeadlessChromium.Program is null, "there is no chromium on this machine");
        (Checkpoint checkpoint, LanguageModel model) = Make(new ModelConfig());
        model.Dispose();
        using var folder = new TemporaryFolder();
        string path = folder.File("page.html");
        await File.WriteAllTextAsync(
            path, ActivationPage.Render(
                ActivationTrace.Of(checkpoint, [5, 1, 2, 3, 1, 2, 2, 4, 1], TestContext.Current.CancellationToken), "page"),
                    TestContext.Current.CancellationToken);
        await using HeadlessChromium browser = await HeadlessChromium.StartAsync();
        await browser.Page.OpenAsync(path);
        Assert.Empty(browser.Page.Errors);
        Assert.Single(browser.Page.Requests);
        Assert.Equal("</script>ab\u21b5\nabb\"a", (string?)await browser.Page.EvaluateAsync("document.getElementById('text').textContent"));
        const string Colours = "[...document.querySelectorAll('#text span')].map(span => getComputedStyle(span).backgroundColor).join()";
        string? before = (string?)await browser.Page.EvaluateAsync(Colours);
        Assert.Matches("rgba?\\(", before);
        Assert.NotEqual(before,
            (string?)await browser.Page.EvaluateAsync(
                "document.getElementById('series').selectedIndex = 0, document.getElementById('unit').value = 3, "
                    + $"document.getElementById('next').click(), {Colours}"));
        Assert.Equal("4", (string?)await browser.Page.EvaluateAsync("document.getElementById('unit').value"));
        await browser.Page.EmulateAsync(dark: true, width: 360);
        Assert.InRange((int)(await browser.Page.EvaluateAsync("document.documentElement.scrollWidth"))!, 1, 360);
        await browser.SaveScreenshotAsync("activations-dark-360.png");
        Assert.Empty(browser.Page.Errors);
    }

    [Fact]
    public void Of_WhatCannotBe_IsRefused()
    {
        (Checkpoint checkpoint, LanguageModel model) = Make(new ModelConfig());
        model.Dispose();
        Assert.Contains("is empty", Assert.Throws<InvalidConfigException>(() => ActivationTrace.Of(checkpoint, [])).Message,
            StringComparison.Ordinal);
        Assert.Contains("too long", Assert.Throws<InvalidConfigException>(() => ActivationTrace.Of(checkpoint, new int[5_000_000])).Message,
            StringComparison.Ordinal);
        Checkpoint both = checkpoint with { Model = checkpoint.Model with { Bidirectional = true, AllowLeak = true } };
        Assert.Contains("bidirectional", Assert.Throws<InvalidConfigException>(() => ActivationTrace.Of(both, [1])).Message,
            StringComparison.Ordinal);
    }

    private static (Checkpoint Checkpoint, LanguageModel Model) Make(ModelConfig config)
    {
        manual_seed(11);
        var model = new LanguageModel(config with { NumHiddens = Hidden }, Letters.Count);
        using (no_grad())
        {
            // Far from zero, so that every gate matters.
            foreach (TorchSharp.Modules.Parameter weight in model.parameters())
                weight.copy_(randn([.. weight.shape]) * 0.7);
        }
        var checkpoint = new Checkpoint
        {
            Model = model.Config,
            Text = new TextConfig(),
            Vocab = Letters,
            Training = new TrainerConfig(),
            Corpus = new CorpusRecord("text", ""),
            Progress = new TrainingProgress(),
            Weights = Checkpoint.CopyWeights(model),
        };
        return (checkpoint, model);
    }

    private static float[] Row(ActivationTrace trace, string name, int step) =>
        trace.Series.Single(series => series.Name == name).Values.Slice(step * Hidden, Hidden).ToArray();

    private static void Close(Tensor expected, float[] actual)
    {
        float[] values = expected.contiguous().data<float>().ToArray();
        for (int i = 0; i < values.Length; i++)
            Assert.Equal(values[i], actual[i], 1e-4);
    }
}
