using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>Text is UTF-8 and numbers have decimal points in every locale.</summary>
public sealed class LocaleTests(TrainedModels models) : IDisposable
{
    private const string Prefix = "Grüße an 🐳";

    private readonly Sandbox _sandbox = new();

    public static TheoryData<string> Locales => ["C", "de_DE.UTF-8", "de_DE.ISO-8859-1", "tr_TR.UTF-8"];

    public void Dispose() => _sandbox.Dispose();

    [Theory, MemberData(nameof(Locales))]
    public async Task Generate_UnicodeText_IsUtf8(string locale)
    {
        UseLocale(locale);
        Outcome[] outcomes = await _sandbox.RunEachAsync(
        [
            ["generate", "--checkpoint", models.Unicode, "--prefix", Prefix, "--length", "40"],
            ["generate", "--checkpoint", models.Unicode, "--prefix", Prefix + "Ж", "--length", "4", "--json"],
        ]);
        Outcome outcome = outcomes[0].Succeeded();
        Assert.Empty(outcome.Error);
        Assert.StartsWith(Prefix + " und Straße, λόγος.\nGrüße an 🐳", outcome.Output, StringComparison.Ordinal);

        outcome = outcomes[1].Succeeded();
        Assert.Contains("'Ж'", outcome.Error, StringComparison.Ordinal);
        Assert.StartsWith(Prefix, outcome.Json().GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("C")]
    [InlineData("de_DE.UTF-8")]
    public async Task Train_DecimalPoint_IsADecimalPoint(string locale)
    {
        UseLocale(locale);
        string[] train = ["train", "--corpus", _sandbox.Write("text.txt", Texts.Plain), "--epochs", "1", "--max-tokens", "200",
            .. Texts.SmallModel];
        Outcome outcome = (await _sandbox.RunAsync([.. train, "--lr", "0.5", "--log-json", "run.jsonl"])).Succeeded();
        JsonElement epoch = JsonDocument.Parse(File.ReadLines(_sandbox.At("run.jsonl")).First()).RootElement;
        Assert.Equal(0.5, epoch.GetProperty("learning_rate").GetDouble());
        Assert.Matches(@"^perplexity \d+\.\d+, ", outcome.Output);
        (await _sandbox.RunAsync([.. train, "--lr", "0,5"])).Refused(2, "'0,5'");
    }

    private void UseLocale(string locale)
    {
        _sandbox.Environment["LC_ALL"] = locale;
        _sandbox.Environment["LANG"] = locale;
    }
}
