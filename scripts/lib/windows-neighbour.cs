#:property PublishAot=false
#:property InvariantGlobalization=true
// Run by scripts/test-windows, on Windows: simulates the environment of charlm.
//   hold FOLDER MS          acts like a virus scanner: opens every file that appears or changes, lets others read and write it, but
//                           neither replace nor remove it, and holds it for some milliseconds; until a file "stop" is in the folder
//   close FILE TEXT COMMAND...
//                           starts a command, signals a closed window once the file contains the text, and exits with its code
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

return args switch
{
    ["hold", var folder, var milliseconds] => Hold(folder, int.Parse(milliseconds)),
    ["close", var file, var text, var program, .. var words] => Close(file, text, program, words),
    _ => 2,
};

static int Hold(string folder, int milliseconds)
{
    int opened = 0;
    using var seen = new BlockingCollection<string>();
    using var watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = true, EnableRaisingEvents = true };
    watcher.Created += (_, e) => seen.Add(e.FullPath);
    watcher.Changed += (_, e) => seen.Add(e.FullPath);
    watcher.Renamed += (_, e) => seen.Add(e.FullPath);
    while (!File.Exists(Path.Combine(folder, "stop")))
    {
        // Without change events, scan the folder.
        foreach (string file in seen.TryTake(out string? path, 5) ? [path] : Files(folder))
        {
            try
            {
                using var held = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                Thread.Sleep(milliseconds);
                opened++;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The file has gone, is a folder, or is locked.
            }
        }
    }
    Console.WriteLine($"held {opened} files");
    return opened > 0 ? 0 : 1;
}

static string[] Files(string folder)
{
    try
    {
        return Directory.GetFiles(folder, "*", SearchOption.AllDirectories);
    }
    catch (IOException)
    {
        return [];
    }
}

static int Close(string file, string text, string program, string[] words)
{
    using Process process = Process.Start(program, words);
    for (int i = 0; !Has(file, text); i++)
    {
        if (i == 600 || process.HasExited)
        {
            Console.Error.WriteLine($"{file} never contained '{text}'");
            return 1;
        }
        Thread.Sleep(100);
    }
    // As Windows does it: a thread in the target process, in a library that has the same address in all processes.
    const nint WindowIsClosed = 2;
    nint routine = NativeLibrary.GetExport(NativeLibrary.Load("kernelbase"), "CtrlRoutine");
    if (Native.CreateRemoteThread(process.SafeHandle, 0, 0, routine, WindowIsClosed, 0, out _) == 0)
        throw new Win32Exception();
    if (!process.WaitForExit(5000))
    {
        process.Kill();
        Console.Error.WriteLine("the command did not end within the five seconds that Windows leaves it");
        return 1;
    }
    return process.ExitCode;
}

static bool Has(string file, string text)
{
    if (!File.Exists(file))
        return false;
    using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
    return reader.ReadToEnd().Contains(text, StringComparison.Ordinal);
}

internal static class Native
{
    [DllImport("kernel32", SetLastError = true)]
    public static extern nint CreateRemoteThread(
        SafeHandle process, nint security, nint stack, nint routine, nint argument, int flags, out int thread);
}
