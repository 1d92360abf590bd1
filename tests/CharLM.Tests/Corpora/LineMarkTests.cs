using System.Text;
using CharLM.Corpora;

namespace CharLM.Tests.Corpora;

/// <summary>A byte order mark counts only at the beginning of a text; anywhere else it is a character.</summary>
public sealed class LineMarkTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(1 << 14)] // the lines are read in blocks
    [InlineData(1 << 15)]
    [InlineData(12_345)]
    public void Read_MarkAfterTheBeginning_Stays(int place)
    {
        string line = new string('x', place) + "\uFEFFend";
        Assert.Equal([line], LineReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(line)), "x").Select(read => read.Text));
        Assert.Equal([line], LineReader.Read(new MemoryStream(Encoding.UTF8.GetBytes("\uFEFF" + line)), "x").Select(read => read.Text));
        string[] lines = [new('y', place - 1), "\uFEFF", "z"];
        Assert.Equal(lines, LineReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines))), "x")
            .Select(read => read.Text));
    }
}
