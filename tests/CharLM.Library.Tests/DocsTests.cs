using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace CharLM.Library.Tests;

/// <summary>Every example of C# in the docs compiles against the library's public surface, and those that say so run.</summary>
public sealed partial class DocsTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("charlm-docs-");

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<string> RunAsync(DocsBlock program)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "mybook.txt"), SampleText.Text);
        string written = await DocsCode.RunAsync(program, _folder.FullName);
        output.WriteLine($"{program}\n{written}");
        return written;
    }

    [Fact]
    public void Docs_EveryExample_Compiles()
    {
        DocsBlock[] programs = [.. DocsBlock.All.Where(block => !block.IsDeclaration)];
        Assert.True(programs.Length >= 5, $"only {programs.Length} programs were found");
        DocsCode.Compile();
        foreach (DocsBlock program in programs)
            DocsCode.Compile(program);
    }

    [Fact]
    public async Task Readme_LibraryExample_IsTenLinesThatTrainMeasureWriteAndSave()
    {
        DocsBlock example = Assert.Single(DocsBlock.All, block => block.Page == "README.md");
        Assert.InRange(example.Code.Split('\n').Count(line => line.Length > 0), 5, 10);
        string written = await RunAsync(example);
        Assert.True(double.Parse(written.Split('\n')[0], CultureInfo.InvariantCulture) > 1, written);
        Assert.True(File.Exists(Path.Combine(_folder.FullName, "mybook.safetensors")));
    }

    // The noise has a deviation of 0.2, so that no guess of the next value can be better than that for long.
    [Fact]
    public async Task Library_SineExample_PredictsOneStepBetterThanSixtyFour()
    {
        DocsBlock example = Assert.Single(
            DocsBlock.All, block => block.Runs && block.Code.Contains("SineTrainer(", StringComparison.Ordinal));
        string written = await RunAsync(example);
        double[] errors =
            [.. Figures().Matches(written).Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.Equal(8, errors.Length);
        Assert.All(errors.Chunk(4), ofCell =>
        {
            Assert.InRange(ofCell[0], 0.15, 0.35);
            Assert.InRange(ofCell[3], ofCell[0], 2);
        });
    }

    [Fact]
    public async Task Library_OtherExamplesThatRun_EndWithoutAnError()
    {
        foreach (DocsBlock program in DocsBlock.All.Where(block => block.Runs && block.Page != "README.md"
            && !block.Page.Contains("tutorial", StringComparison.Ordinal)
            && !block.Code.Contains("SineTrainer(", StringComparison.Ordinal)))
            Assert.NotEmpty(await RunAsync(program));
    }

    // Processors round differently: numbers may differ by a twentieth.
    [Fact]
    public async Task Tutorial_EveryProgram_PrintsWhatThePageShows()
    {
        DocsBlock[] programs = [.. DocsBlock.All.Where(block => block.Runs && block.Page.Contains("tutorial", StringComparison.Ordinal))];
        Assert.InRange(programs.Length, 8, 20);
        File.Copy(Repository.File("corpora", "bundled.txt"), Path.Combine(_folder.FullName, "bundled.txt"));
        var faults = new List<string>();
        foreach (DocsBlock program in programs)
        {
            string written = (await RunAsync(program)).TrimEnd().Replace("\r", "", StringComparison.Ordinal);
            if (program.Output is { } shown && !IsSame(shown, written))
                faults.Add($"{program} prints\n{written}\n");
        }
        Assert.Empty(faults);

        static bool IsSame(string shown, string written) => Number().Replace(shown, "#") == Number().Replace(written, "#")
            && Number().Matches(shown).Zip(Number().Matches(written))
                .All(pair => Math.Abs((Figure(pair.First) / Figure(pair.Second)) - 1) < 0.05);

        static double Figure(Match match) => double.Parse(match.Value, NumberStyles.Number, CultureInfo.InvariantCulture) + 1e-9;
    }

    [Fact]
    public void Docs_Cells_AreThoseThatTheTestsHoldToTheirPapers()
    {
        string docs = File.ReadAllText(Repository.File("docs", "cells.md")).Replace("\r", "", StringComparison.Ordinal);
        foreach (string cell in new[] { "Mgu", "IndRnn", "LeakyRnn" })
        {
            string source = File.ReadAllText(Repository.File("tests", "CharLM.SampleCells", $"{cell}.cs"))
                .Replace("\r", "", StringComparison.Ordinal);
            Assert.Contains(
                source[source.IndexOf("public sealed class", StringComparison.Ordinal)..].TrimEnd(), docs, StringComparison.Ordinal);
        }
    }

    // The links, names of files and lengths of the pages; scripts/check-docs also runs the command lines.
    [Fact]
    public async Task Docs_Pages_AreShortAndNameWhatExists()
    {
        Process? started = null;
        try
        {
            started = Process.Start(new ProcessStartInfo("python3", [Repository.File("scripts", "check-docs"), "--pages"])
            {
                RedirectStandardOutput = true,
            });
        }
        catch (Win32Exception)
        {
            Assert.Skip("there is no python3 on this machine");
        }
        using Process check = started!;
        string printed = await check.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await check.WaitForExitAsync(TestContext.Current.CancellationToken);
        output.WriteLine(printed);
        Assert.True(check.ExitCode == 0, printed);
    }

    [GeneratedRegex(@"[0-9][0-9,]*(\.[0-9]+)?")]
    private static partial Regex Number();

    [GeneratedRegex(@"ahead: ([0-9.]+)")]
    private static partial Regex Figures();
}
