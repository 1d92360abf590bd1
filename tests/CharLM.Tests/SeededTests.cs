using System.Reflection;
using CharLM.Randomness;
using CharLM.Tests;
using Xunit.v3;
using static TorchSharp.torch;

[assembly: SeededTests]

namespace CharLM.Tests;

/// <summary>
/// Seeds torch before every test, from the test's name: its draws, such as a model's weights, are the same in every run, whichever
/// tests ran before. A test that needs particular numbers seeds torch itself.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class SeededTestsAttribute : BeforeAfterTestAttribute
{
    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => manual_seed(SeedOf(test.TestDisplayName));

    // Uses the toolkit, since calling any of its code also locates torch's library where necessary.
    internal static long SeedOf(string name) => (long)(RandomStream.Draw(0, name, 0) >> 1);
}
