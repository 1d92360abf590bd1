using System.Reflection;
using CharLM.Randomness;
using CharLM.Tests;
using Xunit.v3;
using static TorchSharp.torch;

[assembly: SeededTests]

namespace CharLM.Tests;

/// <summary>
/// Seeds torch before every test, from the test's name: what it draws, weights of a model say, is the same in every run, whichever
/// tests ran before. A test that wants certain numbers seeds torch itself.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class SeededTestsAttribute : BeforeAfterTestAttribute
{
    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => manual_seed(SeedOf(test.TestDisplayName));

    // By the toolkit's own means: where torch's library must be looked for first, the toolkit does so when any of its code is called.
    internal static long SeedOf(string name) => (long)(RandomStream.Draw(0, name, 0) >> 1);
}
