using System.Text;
using CharLM.Checkpoints;

namespace CharLM.Tests.Checkpoints;

public sealed class AtomicFileTests : IDisposable
{
    private const string Unique = "0123456789abcdef0123456789abcdef";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string At(string name) => _folder.File(name);

    private string[] Files =>
        [.. Directory.EnumerateFiles(_folder.File("")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private void Write(string name, string text) => AtomicFile.Write(At(name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Write_WhatAKilledWriterOfTheFileLeft_IsRemoved()
    {
        File.WriteAllText(At($".model.{Unique}.tmp"), "half");
        Write("model", "whole");
        Assert.Equal(["model"], Files);
        Assert.Equal("whole", File.ReadAllText(At("model")));
    }

    // A writer does not touch other files' leftovers, or names that are not temporary.
    [Theory]
    [InlineData(".other." + Unique + ".tmp")]
    [InlineData(".model.best." + Unique + ".tmp")]
    [InlineData("model." + Unique + ".tmp")]
    [InlineData(".model.0123456789abcdef.tmp")]
    [InlineData(".model." + Unique)]
    public void Write_OtherFiles_Stay(string name)
    {
        File.WriteAllText(At(name), "of somebody");
        Write("model", "whole");
        Assert.Equal("of somebody", File.ReadAllText(At(name)));
    }

    [Fact]
    public void Write_WhileAnotherIsAtWork_LeavesItsTemporaryAlone()
    {
        AtomicFile.Write(At("model"), stream =>
        {
            stream.Write("of the outer"u8);
            stream.Flush();
            Write("model", "of the inner");
            Assert.Equal("of the inner", File.ReadAllText(At("model")));
        });
        Assert.Equal("of the outer", File.ReadAllText(At("model")));
        Assert.Equal(["model"], Files);
    }

    // A new file that is not yet locked looks like a killed writer's leftover until it is old.
    [Fact]
    public void Write_AnEmptyTemporary_IsRemovedOnlyWhenItIsOld()
    {
        string temporary = At($".model.{Unique}.tmp");
        File.WriteAllBytes(temporary, []);
        File.SetLastWriteTimeUtc(temporary, DateTime.UtcNow.AddHours(1)); // however slow the machine is
        Write("model", "1");
        Assert.True(File.Exists(temporary));
        File.SetLastWriteTimeUtc(temporary, DateTime.UtcNow.AddSeconds(-2));
        Write("model", "2");
        Assert.False(File.Exists(temporary));
    }

    [Fact]
    public void Write_ThatFails_LeavesTheOldFileAndNothingElse()
    {
        Write("model", "old");
        Assert.Throws<IOException>(() => AtomicFile.Write(At("model"), stream =>
        {
            stream.Write("half"u8);
            throw new IOException("no space");
        }));
        Assert.Equal("old", File.ReadAllText(At("model")));
        Assert.Equal(["model"], Files);
    }
}
