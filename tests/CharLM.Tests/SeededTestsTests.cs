using static TorchSharp.torch;

namespace CharLM.Tests;

/// <summary>Tests draw the same numbers in every run.</summary>
public sealed class SeededTestsTests
{
    [Theory]
    [InlineData("one")]
    [InlineData("other")]
    public void Before_AnyTest_SeedsTorchFromItsName(string argument)
    {
        float[] drawn = rand(3).data<float>().ToArray();
        Assert.Contains(argument, TestContext.Current.Test!.TestDisplayName, StringComparison.Ordinal);
        manual_seed(SeededTestsAttribute.SeedOf(TestContext.Current.Test!.TestDisplayName));
        Assert.Equal(rand(3).data<float>().ToArray(), drawn);
    }

    /// <summary>The published values of FNV-1a, 64 bits; half of each, since a seed is not negative.</summary>
    [Fact]
    public void SeedOf_AName_IsItsHash()
    {
        Assert.Equal((long)(0xcbf29ce484222325UL >> 1), SeededTestsAttribute.SeedOf(""));
        Assert.Equal((long)(0xaf63dc4c8601ec8cUL >> 1), SeededTestsAttribute.SeedOf("a"));
    }
}
