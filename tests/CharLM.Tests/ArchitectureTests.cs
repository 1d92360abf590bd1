namespace CharLM.Tests
{
    /// <summary>A stage depends only on stages before it, in the compiled types and not just in the usings.</summary>
    public sealed class ArchitectureTests
    {
        private const int MostPublicTypes = 140;

        [Theory]
        [InlineData("CharLM.Toolkit", "CharLM")]
        [InlineData("CharLM.Workbench", "CharLM.Workbench")]
        public void Rooms_OfALibrary_UseEachOtherInNoCircle(string assembly, string root)
        {
            using var library = new Architecture(PathOf(assembly), root);

            Assert.NotEmpty(library.Arrows);
            if (Architecture.CircleIn(library.Arrows) is { } circle)
                Assert.Fail($"{assembly} has a circle:\n{circle}");
        }

        // Two stages side by side: what both need is in Models.
        [Fact]
        public void Evaluation_AndGeneration_DoNotUseEachOther()
        {
            using var toolkit = new Architecture(PathOf("CharLM.Toolkit"), "CharLM");

            Assert.DoesNotContain(("Evaluation", "Generation"), toolkit.Arrows.Keys);
            Assert.DoesNotContain(("Generation", "Evaluation"), toolkit.Arrows.Keys);
        }

        [Fact]
        public void Toolkit_References_AreTorchSharpPollyAndTheFramework()
        {
            using var toolkit = new Architecture(PathOf("CharLM.Toolkit"), "CharLM");
            string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
            Assert.SkipWhen(
                framework == Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory), "the framework lies in the same folder");

            Assert.Equal(
                ["Polly.Core", "TorchSharp"],
                toolkit.References.Where(name => !File.Exists(Path.Combine(framework, name + ".dll"))).Order(StringComparer.Ordinal));
        }

        [Fact]
        public void Workbench_References_AreNotTheProgram()
        {
            using var workbench = new Architecture(PathOf("CharLM.Workbench"), "CharLM.Workbench");

            Assert.Contains("CharLM.Toolkit", workbench.References);
            Assert.DoesNotContain("charlm", workbench.References);
        }

        [Fact]
        public void Toolkit_PublicTypes_AreFew()
        {
            using var toolkit = new Architecture(PathOf("CharLM.Toolkit"), "CharLM");

            string[] types = [.. toolkit.PublicTypes];

            Assert.Contains("CharLM.Models.LanguageModel", types);
            Assert.True(
                types.Length <= MostPublicTypes, $"{types.Length} public types, at most {MostPublicTypes}: make internal what no program "
                    + "of a user's own needs");
        }

        [Fact]
        public void Arrows_OfWhatStandsInCodeAlone_AreSeen()
        {
            using var sample = new Architecture(PathOf("CharLM.Tests"), "CharLM.Tests.ArchitectureSample");

            Assert.Equal([("Body", "Called"), ("Called", "Caught"), ("Caught", "Truncated"), ("Truncated", "Body")], sample.Arrows.Keys.Order());
            Assert.Contains("Body -> Called, such as CharLM.Tests.ArchitectureSample.Body.", Architecture.CircleIn(sample.Arrows));
        }

        [Fact]
        public void CircleIn_RoomsInARow_FindsNone() => Assert.Null(Architecture.CircleIn(new Dictionary<(string, string), string>
        {
            [("late", "middle")] = "",
            [("middle", "early")] = "",
            [("late", "early")] = "",
        }));

        private static string PathOf(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly + ".dll");
    }
}

// Four rooms in a circle, none of whose arrows is visible in a type's signature.
namespace CharLM.Tests.ArchitectureSample.Body
{
    internal static class Caller
    {
        public static Func<int> Later => () => Called.Callee.Number();
    }
}

namespace CharLM.Tests.ArchitectureSample.Called
{
    internal static class Callee
    {
        public static int Number()
        {
            try
            {
                return Environment.ProcessorCount;
            }
            catch (Caught.SampleException)
            {
                return 0;
            }
        }
    }
}

namespace CharLM.Tests.ArchitectureSample.Caught
{
    internal sealed class SampleException : Exception
    {
        public override string Message => new List<Truncated.Item?>().Count.ToString();
    }
}

namespace CharLM.Tests.ArchitectureSample.Truncated
{
    internal sealed class Item
    {
        public override string ToString() => typeof(Body.Caller).Name;
    }
}
