using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

public sealed class EvalTests(TrainedModels models) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Eval_TextOfTheTraining_MeasuresWhatItSaw()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        string[] eval = ["eval", "--checkpoint", models.Plain, "--corpus", "text.txt", "--split", "all"];
        Outcome[] outcomes = await _sandbox.RunEachAsync([["eval", models.Plain, .. eval[3..], "--json"], eval]);
        JsonElement json = outcomes[0].Succeeded().Json();
        double nats = Number(json, "nats"), perplexity = Number(json, "perplexity");
        Assert.Equal(Math.Exp(nats), perplexity, 1e-9);
        Assert.Equal(nats / Math.Log(2), Number(json, "bits_per_character"), 1e-9); // tokens are characters, all of them ASCII
        Assert.Equal(Number(json, "bits_per_character"), Number(json, "bits_per_byte"), 1e-9);
        Assert.InRange(perplexity, json.GetProperty("perplexity_interval")[0].GetDouble(),
            json.GetProperty("perplexity_interval")[1].GetDouble());
        Assert.InRange(Number(json, "accuracy"), 0, 1);
        Assert.Contains("the training text", json.GetProperty("text").GetString(), StringComparison.Ordinal);

        Outcome lines = outcomes[1].Succeeded();
        Assert.Equal(["model", "text", "read", "perplexity", "nats", "bits", "tokens", "accuracy", "took"],
            lines.OutputLines.Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task Eval_Page_NamesItsFileAndColoursTheText()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        string[] eval = ["eval", models.Plain, models.Plain, "--corpus", "text.txt", "--split", "all", "--max-tokens", "300"];
        Outcome[] outcomes = await _sandbox.RunEachAsync([[.. eval, "--html"], [.. eval, "--html", "other.html", "--json"]]);
        Assert.Equal("page: eval.html; open it in a browser", outcomes[0].Succeeded().OutputLines[^1]);
        Assert.Equal("other.html", outcomes[1].Succeeded().Json().GetProperty("page").GetString());
        string page = await File.ReadAllTextAsync(_sandbox.At("eval.html"));
        // 299 predicted tokens, once for each model and once for their difference, which is nowhere above 0.
        Assert.Equal(2 * 299, page.Split("; expected ").Length - 1);
        Assert.Equal(299, page.Split("<span class=\"s0\" title=\"0\">").Length - 1);
        Assert.Matches(@"tie: \d\.\d+ bits per character of text\.txt", page);
    }

    [Fact]
    public async Task Eval_TextItHasReadWhole_HasNothingHeldOut()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        (await _sandbox.RunAsync("eval", models.Plain, "--corpus", "text.txt", "--split", "held-out")).Refused(2,
            "nothing of the text is held out from training", "split all");
    }

    [Fact]
    public async Task Eval_UnknownCharacters_AreCountedApartAndWarnedOf()
    {
        _sandbox.Write("text.txt", string.Concat(Enumerable.Repeat("Grüße an den Leser.\n", 20)));
        Outcome outcome = await _sandbox.RunAsync("eval", models.Unicode, "--corpus", "text.txt", "--json");
        outcome.Succeeded();
        Assert.Contains("warning", Assert.Single(outcome.Complaints), StringComparison.Ordinal);
        JsonElement json = outcome.Json();
        Assert.Equal(40, Number(json, "unknown_tokens")); // L and l: the model's text has neither
        Assert.Equal(20 * (20 + 2), Number(json, "bytes") + 1);
        Assert.NotEqual(Number(json, "perplexity"), Number(json, "perplexity_without_unknown"));
    }

    [Fact]
    public async Task Eval_TwoModels_ComparesThemTokenByToken()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        string[] eval = ["eval", models.Plain, models.Plain, "--corpus", "text.txt"];
        Outcome[] outcomes = await _sandbox.RunEachAsync([[.. eval, "--json"], eval]);
        JsonElement json = outcomes[0].Succeeded().Json();
        JsonElement comparison = json.GetProperty("comparison");
        Assert.Equal(0, Number(comparison, "difference"));
        Assert.False(comparison.GetProperty("is_clear").GetBoolean());
        Assert.Equal(Number(json.GetProperty("first"), "nats"), Number(json.GetProperty("second"), "nats"));
        Assert.Contains("no clear difference", outcomes[1].Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eval_ModelsOfDifferentCleaning_AreMeasuredApartAndNotRanked()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        string[] eval = ["eval", models.Plain, "raw", "--corpus", "text.txt", "--split", "all"];
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            ["ngram", "--corpus", "text.txt", "--order", "3", "--cleaning", "none", "--out", "raw"],
            ["ngram", "--corpus", "text.txt", "--order", "2", "--token", "word", "--out", "words"],
            [.. eval, "--json"], eval, ["eval", "raw", "words", "--corpus", "text.txt"],
        ]);
        JsonElement json = outcomes[2].Succeeded().Json();
        Assert.Equal(JsonValueKind.Null, json.GetProperty("comparison").ValueKind);
        Assert.Equal(Texts.Plain.Length - 1, Number(json.GetProperty("first"), "raw_bytes"));
        Assert.Equal(Texts.Plain.Length - 1, Number(json.GetProperty("second"), "raw_bytes"));
        Assert.Equal(Number(json.GetProperty("first"), "bits_per_byte") * Number(json.GetProperty("first"),
            "bytes") / (Texts.Plain.Length - 1), Number(json.GetProperty("first"), "bits_per_raw_byte"), 1e-9);
        Assert.Contains("have one unit", json.GetProperty("not_compared").GetString(), StringComparison.Ordinal);

        string lines = outcomes[3].Succeeded().OutputLines[^1];
        Assert.All(["not token by token", "cleaned as 'd2l'", "cleaned as 'none'", "per byte of the raw text"], part =>
            Assert.Contains(part, lines, StringComparison.Ordinal));
        Assert.DoesNotContain("better", lines, StringComparison.Ordinal);
        Assert.Contains("different parts", outcomes[4].Succeeded().OutputLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eval_TextThatHoldsTheTrainingText_TellsHowMuchOfIt()
    {
        // A text without repetition, and another one of the same length.
        string book = string.Concat(Enumerable.Range(0, 1200).Select(i => $"{i * 7919 % 9973} ")),
            more = string.Concat(Enumerable.Range(1200, 1200).Select(i => $"{i * 7919 % 9973} "));
        _sandbox.Write("book.txt", book);
        _sandbox.Write("longer.txt", book + more);
        (await _sandbox.RunAsync(["train", "--corpus", "book.txt", "--cleaning", "none", "--max-tokens", "0", "--epochs", "1", "--out",
            "book", "--sample-every", "0", .. Texts.SmallModel])).Succeeded();
        (await _sandbox.RunAsync("ngram", "--corpus", "book.txt", "--cleaning", "none", "--validation-fraction", "0", "--out",
            "counts")).Succeeded();
        // Unknown for an imported model.
        string[] commands =
        [
            "eval book --corpus longer.txt --json", "eval counts --corpus longer.txt --json",
            "eval book --corpus book.txt --split all --json", "eval counts --corpus book.txt --split all --json",
            "eval book --corpus longer.txt",
            "export --checkpoint book --out book.pt", "import --from-pytorch book.pt --out imported",
            "eval imported --corpus book.txt --json", "eval imported --corpus book.txt",
        ];
        Outcome[] outcomes = await _sandbox.RunEachAsync([.. commands.Select(command => command.Split(' '))]);
        Assert.All(outcomes, outcome => outcome.Succeeded());
        Assert.All(outcomes[..2], outcome => Assert.Equal(0.5, Number(outcome.Json(), "passages_trained_on"), 0.1));
        Assert.All(outcomes[2..4], outcome => Assert.Equal(1, Number(outcome.Json(), "passages_trained_on"), 1e-9));
        Assert.Matches("^text .*longer.txt: all of its [0-9]+ tokens; (4|5)[0-9] % of its passages were trained on$",
            outcomes[4].OutputLines[1]);
        Assert.Equal(JsonValueKind.Null, outcomes[7].Json().GetProperty("passages_trained_on").ValueKind);
        Assert.Contains("unknown how many of its passages were trained on", outcomes[8].Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eval_MixAndRms_OfAModelWithItsText_AreBetterThanTheModel()
    {
        _sandbox.Write("book.txt", Texts.Plain);
        (await _sandbox.RunAsync(["train", "--corpus", "book.txt", "--cleaning", "none", "--max-tokens", "0", "--epochs", "2", "--out",
            "book", "--sample-every", "0", "--validation-fraction", "0.1", "--test-fraction", "0.1", .. Texts.SmallModel])).Succeeded();
        string[] commands =
        [
            "eval book --json", "eval book --mix ngram --mix-order 4 --json", "eval book --dynamic-rms --json",
            "eval book --mix ngram --split held-out", "eval book --mix nowhere.safetensors", "eval book --mix-weight 0.5",
            "eval book --mix book --mix-order 3",
        ];
        Outcome[] outcomes = await _sandbox.RunEachAsync([.. commands.Select(command => command.Split(' '))]);
        double plain = Number(outcomes[0].Succeeded().Json(), "nats");
        Assert.True(Number(outcomes[1].Succeeded().Json(), "nats") < plain);
        Assert.True(Number(outcomes[2].Succeeded().Json(), "nats") < plain);
        Assert.Contains("mixed with n-gram of order 4", outcomes[1].Json().GetProperty("reading").GetString(), StringComparison.Ordinal);
        Assert.Contains("dynamic evaluation with RMS", outcomes[2].Json().GetProperty("reading").GetString(), StringComparison.Ordinal);
        outcomes[3].Refused(2, "fitted on a validation part");
        outcomes[4].Refused(1, "nowhere.safetensors");
        Assert.Contains("share of the model 0.500 (as given)", outcomes[5].Succeeded().Output, StringComparison.Ordinal);
        outcomes[6].Refused(2, "mix-order belongs to --mix ngram");
    }

    [Fact]
    public async Task Eval_Dynamic_SaysHowItLearnedAndReadsOneRow()
    {
        _sandbox.Write("text.txt", Texts.Plain[..1500]);
        JsonElement still = (await _sandbox.RunAsync("eval", models.Plain, "--corpus", "text.txt", "--json")).Succeeded().Json();
        JsonElement dynamic = (
            await _sandbox.RunAsync("eval", models.Plain, "--corpus", "text.txt", "--dynamic", "--dynamic-lr", "0.5", "--json"))
                .Succeeded().Json();
        Assert.Contains("1 row, ", dynamic.GetProperty("reading").GetString(), StringComparison.Ordinal);
        Assert.Contains("dynamic evaluation: a step after every 20 tokens, learning rate 0.5, decay 0.001",
            dynamic.GetProperty("reading").GetString(), StringComparison.Ordinal);
        Assert.True(Number(dynamic, "perplexity") < Number(still, "perplexity"), "the text repeats itself");
        (await _sandbox.RunAsync("eval", models.Plain, "--corpus", "text.txt", "--dynamic", "--rows", "2"))
            .Refused(2, "rows must be 1 for dynamic evaluation");
        (await _sandbox.RunAsync("eval", models.Plain, "--corpus", "text.txt", "--dynamic-rms"))
            .Refused(2, "text.txt is not the text that the model was trained on");
        (await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--out", "counts")).Succeeded();
        (await _sandbox.RunAsync("eval", "counts", "--corpus", "text.txt", "--dynamic")).Refused(2, "learns by gradients", "an n-gram");
    }

    [Fact]
    public async Task Eval_WhatCannotBe_IsRefusedInOneLine()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        _sandbox.Write("digits.txt", "0123 4567 0123".Replace(' ', '-'));
        _sandbox.Write("empty.txt", "");
        _sandbox.Write("letter.txt", "a");
        await _sandbox.RefuseEachAsync(
            (2, ["eval", models.Unicode, "--corpus", "digits.txt"], ["vocab mismatch: none of the text's 13 tokens"]),
            (2, ["eval", models.Plain, "--corpus", "digits.txt"], ["0 char tokens", "nothing to predict"]),
            (2, ["eval", models.Plain, "--corpus", "letter.txt"], ["1 char token ", "nothing to predict"]),
            (1, ["eval", models.Plain, "--corpus", "empty.txt"], ["is empty"]),
            (2, ["eval", models.Plain, "--checkpoint", models.Plain], ["name the models in one place"]),
            (2, ["eval", "a", "b", "c"], ["'c'"]),
            (1, ["eval", "text.txt"], ["text.txt: is a text, not a model"]),
            (2, ["eval", "--split", "half"], ["--split takes one of held-out|test|all"]));
    }

    private static double Number(JsonElement json, string name) => json.GetProperty(name).GetDouble();
}
