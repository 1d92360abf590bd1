using System.Text.Json.Nodes;
using CharLM.Checkpoints;
using CharLM.Corpora;
using CharLM.Evaluation;
using CharLM.Models;

namespace CharLM.Serving.Tests;

/// <summary>What <c>/v1/score</c>, <c>/v1/models</c> and <c>/api/runs</c> answer.</summary>
public sealed class ScoreAndRunsTests(TrainedModels models)
{
    [Fact]
    public async Task Score_Text_IsWhatTheScorerMeasures()
    {
        const string Text = "Once upon a time\nthere was 床 whale.";
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        JsonObject answer = await server.AnswerAsync("v1/score", new { model = "english", text = Text, top = 3 });

        ISavedModel saved = ModelFile.Read(models.English);
        using ILanguageModel model = saved.Open();
        using var scorer = new LineScorer(model, saved.Text, saved.Vocab);
        LineScore score = scorer.Score(new TextLine(Text));
        Assert.Equal(score.Total.Total, (double)answer["nats"]!, 1e-3);
        Assert.Equal(score.BitsPerCharacter, (double)answer["bits_per_character"]!, 1e-4);
        JsonArray tokens = answer["tokens"]!.AsArray();
        Assert.Equal(score.Tokens, tokens.Select(token => (string)token!["token"]!));
        Assert.All(tokens.Zip(score.Nats), pair => Assert.Equal(pair.Second, (double)pair.First!["nats"]!, 1e-4));
        Assert.All(tokens, token => Assert.Equal(3, token!["expected"]!.AsArray().Count));
        Assert.Equal(["床"], tokens.Where(token => token!["unknown"] is not null).Select(token => (string)token!["token"]!));
        Assert.Equal(1, (int)answer["unknown"]!);
        Assert.Equal(3, answer["next"]!.AsArray().Count);
        Assert.Null((await server.AnswerAsync("v1/score", new { text = "" }))["bits_per_character"]);
    }

    [Fact]
    public async Task Models_AreListedAsOpenAiLists()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English, models.World);
        JsonNode list = JsonNode.Parse(await server.Client.GetStringAsync("v1/models"))!;
        Assert.Equal("list", (string?)list["object"]);
        Assert.Equal(["english", "world"], list["data"]!.AsArray().Select(model => (string)model!["id"]!));
        JsonNode world = JsonNode.Parse(await server.Client.GetStringAsync("v1/models/world"))!;
        Assert.Equal("lstm, 1 layer of 64 hidden units", (string?)world["description"]);
        Assert.Equal("charlm", (string?)world["owned_by"]);
        Assert.InRange((long)world["created"]!, 1_700_000_000, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
    }

    [Fact]
    public async Task Runs_WhileTheyTrain_AreListedWithWhatIsNew()
    {
        using var folder = new TemporaryFolder();
        string run = folder.File("one <b>");
        Directory.CreateDirectory(run);
        File.WriteAllText(Path.Combine(run, "config.yaml"), "cell: gru\n");
        File.WriteAllText(Path.Combine(run, "metrics.jsonl"), "");
        Directory.CreateDirectory(folder.File("no run"));
        await using RunningServer server = await RunningServer.StartAsync(
            new ServeConfig { RunsFolder = Path.GetDirectoryName(run)! }, models.English);
        JsonNode list = JsonNode.Parse(await server.Client.GetStringAsync("api/runs"))!;
        Assert.Equal("one <b>", (string?)Assert.Single(list["runs"]!.AsArray())!["name"]);
        Assert.Equal("resumable", (string?)list["runs"]![0]!["state"]);

        string path = $"api/runs/{Uri.EscapeDataString("one <b>")}";
        Assert.Empty(JsonNode.Parse(await server.Client.GetStringAsync(path))!["epochs"]!.AsArray());
        for (int epoch = 1; epoch <= 3; epoch++)
            File.AppendAllText(Path.Combine(run, "metrics.jsonl"), $$"""
                {"epoch":{{epoch}},"step":{{epoch * 10}},"train_loss":2.0,"held_out_loss":1.0,"gradient_norm":0.5,"learning_rate":0.003,"tokens_per_second":1000,"seconds":1,"elapsed_seconds":{{epoch}}}

                """);
        // A line that is still being written.
        File.AppendAllText(Path.Combine(run, "metrics.jsonl"), "{\"epoch\":4,");
        File.WriteAllText(Path.Combine(run, "samples.txt"), "after epoch 1:\nabc\n\nafter epoch 2:\ndef\n\n");
        JsonNode news = JsonNode.Parse(await server.Client.GetStringAsync(path + "?after=1"))!;
        Assert.Equal(3, (int)news["count"]!);
        Assert.Equal([2, 3], news["epochs"]!.AsArray().Select(epoch => (int)epoch!["epoch"]!));
        Assert.Equal(Math.E, (double)news["epochs"]![0]!["held_out"]!, 1e-9);
        Assert.Equal(Math.Exp(2), (double)news["epochs"]![0]!["train"]!, 1e-9);
        await RunningServer.RefusedAsync(await server.Client.GetAsync("api/runs/no%20run"), 404);
    }

    [Fact]
    public async Task Page_IsServedWithAPolicyAndWithoutTraces()
    {
        await using RunningServer server = await RunningServer.StartAsync(new ServeConfig(), models.English);
        foreach (string path in new[] { "/", "/page.css", "/play.js", "/tokens.js", "/runs.js", "/shared.js", "/icon.svg", "/chart.js" })
        {
            using HttpResponseMessage response = await server.Client.GetAsync(path);
            Assert.True(response.IsSuccessStatusCode, path);
            Assert.StartsWith("default-src 'none'; script-src 'self';", response.Headers.GetValues("Content-Security-Policy").Single(),
                StringComparison.Ordinal);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
            Assert.False(response.Headers.Contains("Server"));
            Assert.DoesNotContain("unsafe", response.Headers.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Rooms_OfTheAssembly_UseEachOtherInNoCircle()
    {
        using var serving = new Architecture(Path.Combine(AppContext.BaseDirectory, "CharLM.Serving.dll"), "CharLM.Serving");
        Assert.NotEmpty(serving.Arrows);
        Assert.Null(Architecture.CircleIn(serving.Arrows));
        Assert.Empty(serving.PublicTypes);
    }

    [Fact]
    public void Find_SharedFramework_TakesTheOwnVersionElseTheNewestPatch()
    {
        using var folder = new TemporaryFolder();
        string runtime = folder.File("Microsoft.NETCore.App/10.0.5"), all = folder.File("Microsoft.AspNetCore.App");
        Assert.Null(SharedFramework.Find(runtime));
        foreach (string version in new[] { "9.0.9", "10.0.2", "10.0.12", "10.1.0", "11.0.0-preview.1" })
            Touch(version);
        Directory.CreateDirectory(Path.Combine(all, "10.0.99"));
        Assert.Equal(Path.Combine(all, "10.0.12"), SharedFramework.Find(runtime));
        Touch("10.0.5");
        Assert.Equal(Path.Combine(all, "10.0.5"), SharedFramework.Find(runtime));

        void Touch(string version) =>
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(all, version)).FullName, "Microsoft.AspNetCore.dll"), "");
    }
}
