using CharLM.Cli.Errors;

namespace CharLM.Cli.Tests;

public sealed class MissingLibraryTests
{
    [Theory]
    [InlineData("libssl.so.3")]
    [InlineData("libssl.so.1.1")]
    public void Of_AnyVersionOfOpenSsl_IsEnough(string name) => Assert.Null(MissingLibrary.Of(library => library == name));

    [Fact]
    public void Of_NoOpenSsl_SaysHowItIsHad() => Assert.StartsWith(
        "libssl is missing, which .NET needs for checksums: install OpenSSL 3 (Debian", MissingLibrary.Of(_ => false),
            StringComparison.Ordinal);
}
