using System.Runtime.InteropServices;

namespace CharLM;

/// <summary>Environment variables that libraries written in C read: .NET's own calls change only .NET's copy.</summary>
/// <remarks>Thread safety: none, as C's environment has none; call it before threads that read the environment.</remarks>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable for .NET and for C.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="overwrite">Whether to replace a value that it has.</param>
    public static void Set(string name, string value, bool overwrite)
    {
        if (!overwrite && Environment.GetEnvironmentVariable(name) is not null)
            return;
        Environment.SetEnvironmentVariable(name, value);
        try
        {
            _ = OperatingSystem.IsWindows() ? PutOnWindows(name, value) : SetElsewhere(name, value, overwrite: 1);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // Before Windows 10 there is only the system's copy.
        }
    }

    [LibraryImport("ucrtbase", EntryPoint = "_putenv_s", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int PutOnWindows(string name, string value);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetElsewhere(string name, string value, int overwrite);
}
