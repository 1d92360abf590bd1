using System.Runtime.InteropServices;

namespace CharLM.Cli.Errors;

/// <summary>Checks for system libraries without which .NET would crash with a stack trace or only a signal.</summary>
internal static class MissingLibrary
{
    // The versions that .NET looks for, newest first.
    private static readonly string[] OpenSsl = ["libssl.so.3", "libssl.so.1.1", "libssl.so.1.0.2", "libssl.so.1.0.0", "libssl.so.10"];

    /// <summary>Makes sure that .NET can compute checksums, which every file here has.</summary>
    /// <exception cref="IOException">On Linux, OpenSSL is missing.</exception>
    public static void Require()
    {
        // With this variable the user chooses the version.
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("CLR_OPENSSL_VERSION_OVERRIDE") is null
            && Of(name => NativeLibrary.TryLoad(name, out _)) is { } problem)
            throw new IOException(problem);
    }

    /// <summary>The missing library and how to install it; null if none is missing.</summary>
    /// <param name="canLoad">Whether a library can be loaded by name.</param>
    internal static string? Of(Func<string, bool> canLoad) => OpenSsl.Any(canLoad) ? null
        : "libssl is missing, which .NET needs for checksums: install OpenSSL 3 (Debian 13, Ubuntu 24.04: apt install libssl3t64; "
            + "Debian 12, Ubuntu 22.04: libssl3; Fedora: openssl-libs; Alpine: libssl3)";
}
