using CharLM.Workbench.Configuration;
using CharLM.Workbench.Experiments;
using CharLM.Workbench.Runs;

namespace CharLM.Tests;

/// <summary>Names with a special meaning on Windows, refused on every system.</summary>
public sealed class PortableNameTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // From "Naming Files, Paths, and Namespaces" in Microsoft's documentation.
    [Theory]
    [InlineData("con", "device")]
    [InlineData("NUL", "device")]
    [InlineData("Aux.txt", "device")]
    [InlineData("prn.tar.gz", "device")]
    [InlineData("nul .txt", "device")]
    [InlineData("com1", "device")]
    [InlineData("LPT9", "device")]
    [InlineData("com\u00b3", "device")]
    [InlineData("CONIN$", "device")]
    [InlineData("run.", "dot")]
    [InlineData("run ", "space")]
    [InlineData("a:b", "has :")]
    [InlineData("what?", "has ?")]
    [InlineData("a\tb", "control character")]
    public void ErrorOf_ANameThatWindowsDoesNotTake_SaysWhy(string name, string reason) =>
        Assert.Contains(reason, PortableName.ErrorOf(name), StringComparison.Ordinal);

    [Theory]
    [InlineData("console")]
    [InlineData("com")]
    [InlineData("com10")]
    [InlineData("nul1")]
    [InlineData("my.con")]
    [InlineData(".hidden")]
    [InlineData("gru 2, naïve (模型) & 100%")]
    public void ErrorOf_ANameThatEverySystemTakes_IsNull(string name) => Assert.Null(PortableName.ErrorOf(name));

    [Theory]
    [InlineData("con")]
    [InlineData("new/nul/run")]
    [InlineData("new/run.")]
    public void Kind_New_OfADevicesName_RefusesBeforeAnythingIsMade(string name)
    {
        string path = _folder.File(name);
        RunDirectoryException refusal = Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.New(path, findsName: false, null));
        Assert.StartsWith($"{path}: '", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.File("")));
    }

    // An existing folder may have any name.
    [Fact]
    public void Kind_New_InAFolderOfSuchAName_IsTaken()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no folder of such a name");
        Directory.CreateDirectory(_folder.File("aux"));
        using (RunKind.LanguageModel.New(_folder.File("aux/run"), findsName: false, null))
            Assert.Empty(Directory.GetFileSystemEntries(_folder.File("aux")));
    }

    [Fact]
    public void Kind_New_BesideTheSameNameInAnotherCase_IsRefused()
    {
        Directory.CreateDirectory(_folder.File("Small"));
        RunDirectoryException refusal =
            Assert.Throws<RunDirectoryException>(() => RunKind.LanguageModel.New(_folder.File("small"), findsName: false, null));
        Assert.Contains("'Small' exists", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: con\nseeds: [0]", "device")]
    [InlineData("name: cells.\nseeds: [0]", "dot")]
    [InlineData("list: [{name: nul.a}]", "device")]
    [InlineData("list: [{name: GRU}, {name: gru}]", "two trials would have the id 'gru_seed-0'")]
    public void Experiment_NamesThatWindowsDoesNotTake_AreRefused(string yaml, string reason) => Assert.Contains(
        reason, Assert.Throws<ConfigFileException>(() => ExperimentFile.Parse(yaml, "cells.yaml")).Message, StringComparison.Ordinal);
}
