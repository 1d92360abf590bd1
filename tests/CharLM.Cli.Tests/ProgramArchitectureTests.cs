
namespace CharLM.Cli.Tests;

/// <summary>The dependencies between the program's folders, from the compiled types.</summary>
public sealed class ProgramArchitectureTests
{
    [Fact]
    public void Rooms_OfTheProgram_UseEachOtherInNoCircle()
    {
        using var program = new Architecture(Path.Combine(AppContext.BaseDirectory, "charlm.dll"), "CharLM.Cli");

        Assert.NotEmpty(program.Arrows);
        if (Architecture.CircleIn(program.Arrows) is { } circle)
            Assert.Fail($"charlm has a circle:\n{circle}");
    }
}
