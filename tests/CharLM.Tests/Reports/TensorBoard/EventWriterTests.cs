using CharLM.Reports.TensorBoard;

namespace CharLM.Tests.Reports.TensorBoard;

public sealed class EventWriterTests
{
    /// <summary>RFC 3720, appendix B.4: 32 bytes of zeros, and of ones.</summary>
    [Fact]
    public void Reader_CrcOfTheStandardsExamples_IsTheStandards()
    {
        Assert.Equal(0x8a9136aau, EventFileReader.Crc(new byte[32]));
        Assert.Equal(0x62a8ab43u, EventFileReader.Crc(Enumerable.Repeat((byte)255, 32).ToArray()));
    }

    [Fact]
    public void Scalar_Written_IsReadBack()
    {
        List<Dictionary<int, List<object>>> events = Written(writer => writer.Scalar("perplexity/train", 300, 4.25));

        Assert.Equal(2, events.Count);
        Assert.Equal("brain.Event:2", events[0].Text(3));
        Assert.Equal(300ul, Assert.Single(events[1][2]));
        double time = BitConverter.ToDouble((byte[])Assert.Single(events[1][1]));
        Assert.InRange(time, 1.7e9, 1e11);
        Dictionary<int, List<object>> value = events[1].Nested(5).Nested(1);
        Assert.Equal("perplexity/train", value.Text(1));
        Assert.Equal(4.25f, BitConverter.ToSingle((byte[])Assert.Single(value[2])));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(0.0)]
    public void Scalar_OfAnyValue_IsKept(double number)
    {
        Dictionary<int, List<object>> value = Written(writer => writer.Scalar("x", 0, number))[1].Nested(5).Nested(1);

        Assert.Equal((float)number, BitConverter.ToSingle((byte[])Assert.Single(value[2])));
    }

    [Fact]
    public void Text_Written_IsAStringTensorOfTheTextPlugin()
    {
        Dictionary<int, List<object>> value = Written(writer => writer.Text("sample", 7, "Zeit — 时间"))[1].Nested(5).Nested(1);

        Assert.Equal("sample", value.Text(1));
        Assert.Equal("text", value.Nested(9).Nested(1).Text(1));
        Dictionary<int, List<object>> tensor = value.Nested(8);
        Assert.Equal(7ul, Assert.Single(tensor[1])); // DT_STRING
        Assert.Equal(1ul, Assert.Single(tensor.Nested(2).Nested(2)[1]));
        Assert.Equal("Zeit — 时间", tensor.Text(8));
    }

    private static List<Dictionary<int, List<object>>> Written(Action<EventWriter> write)
    {
        using var stream = new MemoryStream();
        using var writer = new EventWriter(stream);
        write(writer);
        return EventFileReader.Read(stream.ToArray());
    }
}
