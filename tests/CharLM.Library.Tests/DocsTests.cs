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
        foreach (DocsBlock program in DocsBlock.All.Where(block =>
            block.Runs && block.Page != "README.md" && !block.Code.Contains("SineTrainer(", StringComparison.Ordinal)))
            Assert.NotEmpty(await RunAsync(program));
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

    [GeneratedRegex(@"ahead: ([0-9.]+)")]
    private static partial Regex Figures();
}
