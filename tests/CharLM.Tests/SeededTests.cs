using System.Reflection;
using System.Text;
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

    // FNV-1a: .NET's own hash of a text differs from process to process.
    internal static long SeedOf(string name)
    {
        ulong hash = 14695981039346656037;
        foreach (byte value in Encoding.UTF8.GetBytes(name))
            hash = (hash ^ value) * 1099511628211;
        return (long)(hash >> 1);
    }
}
