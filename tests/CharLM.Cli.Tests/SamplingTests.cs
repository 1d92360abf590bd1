using System.Text;
using System.Text.Json;
using CharLM.Cli.Tests.Processes;

namespace CharLM.Cli.Tests;

/// <summary>How <c>charlm generate</c> samples, constrains and ends texts.</summary>
public sealed class SamplingTests(TrainedModels models) : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public async Task Generate_Samples_AreThoseOfTheSeedWhateverTheirNumber()
    {
        string[] options = ["--temperature", "2", "--length", "30", "--seed", "4"];
        string alone = (await GenerateAsync(options)).Output;
        string all = string.Join(' ', options);
        Outcome[] outcomes = await GenerateEachAsync($"{all} --samples 2", $"{all} --samples 5 --threads 1", $"{all} --samples 5 --json");
        (Outcome two, Outcome five) = (outcomes[0], outcomes[1]);
        Assert.StartsWith($"==> 0 <==\n{alone}==> 1 <==\ntime traveller", two.Output, StringComparison.Ordinal);
        Assert.StartsWith(two.Output, five.Output, StringComparison.Ordinal);
        Assert.Equal(10, five.OutputLines.Length);

        JsonElement[] samples = [.. outcomes[2].Json().GetProperty("samples").EnumerateArray()];
        Assert.Equal(five.Output,
            string.Concat(samples.Select((sample, i) => $"==> {i} <==\ntime traveller{sample.GetProperty("continuation").GetString()}\n")));
    }

    // If a step leaves only one token, the text is the greedy one.
    [Fact]
    public async Task Generate_StepThatLeavesOneToken_IsGreedy()
    {
        string[] steps = ["", "--top-k 1", "--top-p 0.001", "--min-p 1", "--temperature 0.0001", "--repetition-penalty 1"];
        Outcome[] outcomes = await GenerateEachAsync([.. steps.Select(step => $"--length 40 {step}".TrimEnd())]);
        Assert.All(outcomes, outcome => Assert.Equal(outcomes[0], outcome));
    }

    [Fact]
    public async Task Generate_RepetitionPenalty_ChangesTheText() =>
        Assert.Equal(2, (await GenerateEachAsync("--length 80", "--length 80 --repetition-penalty 5 --repetition-window 0")).Distinct().Count());

    [Fact]
    public async Task Generate_Stop_EndsBeforeTheFirstOfThem()
    {
        string whole = (await GenerateAsync("--length", "60", "--json")).Json().GetProperty("continuation").GetString()!;
        int end = Math.Min(whole.IndexOf(" it", StringComparison.Ordinal), whole.IndexOf("will", StringComparison.Ordinal));
        JsonElement json = (await GenerateAsync("--length", "60", "--stop", " it", "--stop", "will", "--json")).Json();
        Assert.Equal(whole[..end], json.GetProperty("continuation").GetString());
        Assert.Equal("stop", json.GetProperty("end").GetString());
        Outcome never = await GenerateAsync("--length", "60", "--stop", "\n7");
        Assert.Equal("charlm: warning: the model never writes '\\n', '7': it will not stop at '\\n7'", Assert.Single(never.ErrorLines));
        Assert.Equal($"time traveller{whole}\n", never.Output);
    }

    [Fact]
    public async Task Generate_Constrain_AddsOnlyWhatMatches()
    {
        Outcome outcome = await GenerateAsync("--constrain", " (was|is) [xyz]{2,4}", "--temperature", "1");
        Assert.Matches(@"\Atime traveller (was|is) [xyz]{2,4}\n\z", outcome.Output);
    }

    [Fact]
    public async Task Generate_Beam_FindsNothingLessProbableThanGreed()
    {
        JsonElement[] answers = [.. (await GenerateEachAsync("--beam 1 --json", "--beam 12 --samples 3 --json", "--json"))
            .Select(outcome => outcome.Json())];
        (JsonElement one, JsonElement wide) = (answers[0], answers[1]);
        Assert.Equal(answers[2].GetProperty("text").GetString(), one.GetProperty("text").GetString());
        double[] scores = [.. wide.GetProperty("samples").EnumerateArray().Select(sample => sample.GetProperty("score").GetDouble())];
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.True(scores[0] >= one.GetProperty("samples")[0].GetProperty("score").GetDouble() - 1e-6);
    }

    private static readonly (string Options, string Error)[] Impossible =
    [
        ("--temperature -0.5", "temperature must be 0 or more"),
        ("--top-p 0", "top-p must be above 0 and at most 1"),
        ("--top-p 1.01", "top-p must be above 0 and at most 1"),
        ("--temperature 0 --top-k 5", "nothing is drawn"),
        ("--temperature 0 --samples 5", "all 5 samples are the same"),
        ("--repetition-window 5", "repetition-window must come with repetition-penalty"),
        ("--length-penalty 1", "length-penalty must come with beam"),
        ("--beam 4 --temperature 1 --top-k 3", "leave temperature, top-k out"),
        ("--beam 4 --samples 5", "samples must be at most the width of the beam, 4, not 5"),
        ("--stop a --constrain b", "let the expression say how the text ends"),
        ("--stop", "--stop needs a value"),
        ("--constrain [b-a]", "constrain '[b-a]' at character 4: a range ends before it begins"),
        ("--constrain A+", "matches nothing that this model can write"),
        ("--constrain b{300}", "needs at least 300 tokens, and length is 200"),
        ("--interactive --samples 2", "leave samples and beam out"),
        ("--samples 1000 --length 1000000", "length must be at most 100000 for 1000 texts"),
    ];

    [Fact]
    public Task Generate_WhatCannotBe_IsRefusedInOneLine() =>
        _sandbox.RunEachAsync(Impossible, wrong => ["generate", "--checkpoint", models.Plain, .. wrong.Options.Split(' ')],
            (wrong, outcome) => outcome.Refused(2, wrong.Error));

    [Fact]
    public async Task Generate_Interactive_ContinuesLinesAsOneText()
    {
        Outcome outcome = (await _sandbox.RunWithInputAsync("the time\n\nwas"u8.ToArray(), Interactive("--length", "12"))).Succeeded();
        string[] lines = outcome.Output.Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.Empty(outcome.Error);
        // The same in one text.
        Assert.Equal(lines[0], (await GenerateAsync("--length", "12", "--prefix", "the time")).Output.TrimEnd('\n'));
        Assert.Equal(lines[0] + lines[1], (await GenerateAsync("--length", "24", "--prefix", "the time")).Output.TrimEnd('\n'));
        Assert.Equal(lines[0] + lines[1] + lines[2],
            (await GenerateAsync("--length", "12", "--prefix", lines[0] + lines[1] + "was")).Output.TrimEnd('\n'));
    }

    [Fact]
    public async Task Generate_InteractiveOnAModelThatKnowsLines_ReadsLineEndsInBetween()
    {
        Outcome outcome = (await _sandbox.RunWithInputAsync(
            "Grüße\r\nλόγος 🐳\n"u8.ToArray(), "generate", "--checkpoint", models.Unicode, "--interactive", "--length", "5", "--json"))
                .Succeeded();
        JsonElement[] replies = [.. outcome.OutputLines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["Grüße", "λόγος 🐳"], replies.Select(reply => reply.GetProperty("prefix").GetString()));
        string first = "Grüße" + replies[0].GetProperty("continuation").GetString();
        Outcome again = (await _sandbox.RunAsync(
            "generate", "--checkpoint", models.Unicode, "--length", "5", "--json", "--prefix", $"{first}\nλόγος 🐳")).Succeeded();
        Assert.Equal(again.Json().GetProperty("continuation").GetString(), replies[1].GetProperty("continuation").GetString());
    }

    // Answers come before the input ends.
    [Fact]
    public async Task Generate_InteractiveOnAPipe_AnswersEachLineAtOnce()
    {
        using RunningProgram program = _sandbox.Start(Interactive("--length", "8"));
        await program.Input.WriteAsync("the\n"u8.ToArray());
        await program.Input.FlushAsync();
        await program.UntilAsync(() => program.OutputSoFar.EndsWith('\n'), "the answer");
        Assert.Equal("the".Length + 8 + 1, program.OutputSoFar.Length);
        program.Input.Close();
        Assert.Equal(0, (await program.EndAsync()).ExitCode);
    }

    [Fact]
    public async Task Generate_InteractiveInputOfNoUse_IsToldAndTheNextLineCounts()
    {
        Outcome outcome = (await _sandbox.RunWithInputAsync("\nQQ\nthe 7\n"u8.ToArray(), Interactive("--length", "4"))).Succeeded();
        Assert.Equal(3, outcome.Complaints.Length);
        Assert.Contains("nothing to continue yet", outcome.Complaints[0], StringComparison.Ordinal);
        Assert.Contains("knows no token", outcome.Complaints[1], StringComparison.Ordinal);
        Assert.Contains("does not know '7'", outcome.Complaints[2], StringComparison.Ordinal);
        Assert.StartsWith("the 7", Assert.Single(outcome.OutputLines), StringComparison.Ordinal);

        (await _sandbox.RunWithInputAsync([0x61, 0xff, 0xfe, 0x0a], Interactive())).Refused(1, "not UTF-8");
        (await _sandbox.RunWithInputAsync(Encoding.UTF8.GetBytes(new string('a', 1_000_001)), Interactive()))
            .Refused(1, "more than 1000000 characters");
        Assert.Equal(new Outcome(0, "", ""), await _sandbox.RunAsync(Interactive()));
    }

    [Theory]
    [InlineData(RunningProgram.SigTerm)]
    [InlineData(RunningProgram.SigInt)]
    public async Task Generate_Interrupted_LosesNothingThatWasWritten(int signal)
    {
        using RunningProgram program = _sandbox.Start("generate", "--checkpoint", models.Plain, "--length", "100000000");
        await program.UntilAsync(() => program.OutputSoFar.Length > 1000, "some text");
        if (signal == RunningProgram.SigInt)
            program.SkipIfInterruptIsIgnored();
        program.Signal(signal);
        Outcome outcome = (await program.EndAsync()).Complained(130, "interrupted");
        Assert.StartsWith(outcome.Output, (await GenerateAsync("--length", $"{outcome.Output.Length}")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_InteractiveInterrupted_EndsWithoutWaitingForALine()
    {
        using RunningProgram program = _sandbox.Start(Interactive("--length", "3"));
        await program.Input.WriteAsync("the\n"u8.ToArray());
        await program.Input.FlushAsync();
        await program.UntilAsync(() => program.OutputSoFar.EndsWith('\n'), "the answer");
        program.Signal(RunningProgram.SigTerm);
        (await program.EndAsync()).Complained(130, "interrupted");
    }

    [Theory]
    [InlineData("--samples 4 --temperature 1")]
    [InlineData("--beam 3")]
    [InlineData("--json")]
    public async Task Generate_OutputOnAFullDisk_FailsInOneLine(string options) =>
        (await _sandbox.BashAsync($"charlm generate {options} --checkpoint \"$1\" > /dev/full", models.Plain)).Refused(1, "No space left");

    [Fact]
    public async Task Generate_FileOfAnyKind_Continues()
    {
        _sandbox.Write("text.txt", Texts.Plain);
        (await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--order", "7", "--out", "counts.safetensors")).Succeeded();
        (await _sandbox.RunAsync("ngram", "--corpus", "text.txt", "--order", "3", "--token", "word", "--out", "words.safetensors"))
            .Succeeded();
        Outcome counts = (await _sandbox.RunAsync("generate", "--checkpoint", "counts.safetensors", "--prefix", "the ti", "--length", "8"))
            .Succeeded();
        Assert.Equal(new Outcome(0, "the time trave\n", ""), counts);
        Outcome words = (await _sandbox.RunAsync(
            "generate", "--checkpoint", "words.safetensors", "--prefix", "the", "--samples", "4", "--constrain",
                "time [a-z]{3,} (for|so).*", "--length", "5")).Succeeded();
        Assert.Equal(4, words.OutputLines.Count(line => line.StartsWith("the time ", StringComparison.Ordinal)));
        (await _sandbox.RunAsync(
            ["train", "--corpus", "text.txt", "--epochs", "1", "--bidirectional", "--allow-leak", "--implementation", "built-in", "--out",
                "both.safetensors", .. Texts.SmallModel])).Succeeded();
        Assert.Contains("bidirectional",
            (await _sandbox.RunAsync("generate", "--checkpoint", "both.safetensors", "--length", "3")).Succeeded().Error,
                StringComparison.Ordinal);
    }

    // A time slice never splits a character.
    [Fact]
    public async Task Generate_ManyBytesACharacter_ArriveWhole()
    {
        Outcome outcome = (await _sandbox.RunAsync(
            "generate", "--checkpoint", models.Unicode, "--prefix", "λ🐳", "--length", "20000", "--temperature", "3")).Succeeded();
        Assert.DoesNotContain('\uFFFD', outcome.Output);
        Assert.Contains("🐳", outcome.Output[5..], StringComparison.Ordinal);
        Assert.Equal(20_000 + 3, outcome.Output.EnumerateRunes().Count());
    }

    private string[] Interactive(params string[] options) => ["generate", "--checkpoint", models.Plain, "--interactive", .. options];

    private async Task<Outcome[]> GenerateEachAsync(params string[] options) =>
        [.. (await _sandbox.RunEachAsync([.. options.Select(words => (string[])["generate", "--checkpoint", models.Plain, .. words.Split(' ')])]))
            .Select(outcome => outcome.Succeeded())];

    private async Task<Outcome> GenerateAsync(params string[] options) =>
        (await _sandbox.RunAsync(["generate", "--checkpoint", models.Plain, .. options])).Succeeded();
}
