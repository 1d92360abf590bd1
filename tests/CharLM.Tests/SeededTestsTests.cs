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
}
