using CharLM.Torch;

namespace CharLM.Tests.Torch;

/// <summary>The messages for when torch cannot be loaded.</summary>
public sealed class TorchLibraryTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("MSVCP140.dll", "MSVCP140.dll is missing: install the Microsoft Visual C++ Redistributable")]
    [InlineData("MSVCP140.dll VCRUNTIME140_1.dll", "MSVCP140.dll and VCRUNTIME140_1.dll are missing: install the Microsoft Visual C++")]
    public void MissingRuntime_OfVisualC_IsNamedWithTheWayOut(string missing, string? said)
    {
        string? line = TorchLibrary.MissingRuntime(name => !missing.Split(' ').Contains(name));
        if (said is null)
            Assert.Null(line);
        else
            Assert.StartsWith(said, line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("osx-x64", "there is no libtorch for osx-x64 (PyTorch ended its builds for Intel Macs): networks need linux-x64")]
    [InlineData("linux-arm64", "there is no libtorch for linux-arm64: networks need linux-x64, win-x64, win-arm64 or osx-arm64; n-grams")]
    [InlineData("win-x64", "libtorch is missing beside the program: add the package libtorch-cpu-win-x64 2.10.0")]
    public void WithoutLibtorch_SaysWhetherThereIsAPackage(string system, string said) =>
        Assert.StartsWith(said, TorchLibrary.WithoutLibtorch(system), StringComparison.Ordinal);

    [Fact]
    public void Listen_OnWindows_KeepsTheHandlerOfFortranAway()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "only Intel's library for Windows has it");
        Assert.Equal("1", Environment.GetEnvironmentVariable("FOR_DISABLE_CONSOLE_CTRL_HANDLER"));
    }
}
