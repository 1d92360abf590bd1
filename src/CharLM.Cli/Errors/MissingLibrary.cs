using System.Runtime.InteropServices;

namespace CharLM.Cli.Errors;

/// <summary>Libraries of the system without which .NET would end the process with a trace, or with nothing but a signal.</summary>
internal static class MissingLibrary
{
    // Those that .NET looks for, the newest first.
    private static readonly string[] OpenSsl = ["libssl.so.3", "libssl.so.1.1", "libssl.so.1.0.2", "libssl.so.1.0.0", "libssl.so.10"];

    /// <summary>Makes sure that checksums can be computed, which every file here has.</summary>
    /// <exception cref="IOException">On Linux, OpenSSL is missing.</exception>
    public static void Require()
    {
        // Whoever names another version has it.
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("CLR_OPENSSL_VERSION_OVERRIDE") is null
            && Of(name => NativeLibrary.TryLoad(name, out _)) is { } problem)
            throw new IOException(problem);
    }

    /// <summary>What is missing on Linux, and how it is had; null when nothing is.</summary>
    /// <param name="canLoad">Whether a library of a name can be loaded.</param>
    internal static string? Of(Func<string, bool> canLoad) => OpenSsl.Any(canLoad) ? null
        : "libssl is missing, with which .NET computes checksums: install OpenSSL 3 (Debian 13, Ubuntu 24.04: apt install libssl3t64; "
            + "Debian 12, Ubuntu 22.04: libssl3; Fedora: openssl-libs; Alpine: libssl3)";
}
