using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace CharLM.Torch;

/// <summary>TorchSharp in this process: its versions, threads and device.</summary>
/// <remarks>Thread safety: any number of threads; the number of threads that <see cref="Use"/> sets holds for the whole process.</remarks>
public static class TorchRuntime
{
    /// <summary>The version of TorchSharp.</summary>
    public static string TorchSharpVersion => typeof(torch).Assembly.GetName().Version?.ToString(3) ?? "unknown";

    /// <summary>The version of libtorch.</summary>
    public static string LibtorchVersion => Version.TryParse(__version__, out Version? version) ? version.ToString(3) : __version__;

    /// <summary>Threads per torch operation.</summary>
    public static int Threads => get_num_threads();

    /// <summary>The best device on this machine: cuda if torch can use it, else cpu.</summary>
    public static string DefaultDevice => cuda.is_available() ? "cuda" : "cpu";

    /// <summary>Every error of the two settings that can be found without loading torch; empty when there is none.</summary>
    /// <param name="device">As in <see cref="Use"/>.</param>
    /// <param name="threads">As in <see cref="Use"/>.</param>
    public static IEnumerable<string> Errors(string device, int threads)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device != "cpu" && IndexOf(device) is null)
            yield return $"device must be cpu, cuda or cuda:N, not '{device}'";
        if (threads is < 0 or > 1024)
            yield return $"threads must be 0 (chosen) to 1024, not {threads}";
    }

    /// <summary>Loads torch, sets its number of threads for the whole process, and finds a device.</summary>
    /// <param name="device">cpu, cuda or cuda:N; default cpu.</param>
    /// <param name="threads">Threads per operation, 0 to 1,024; default 0: one, since the products of a recurrent step are too small to
    /// share (two threads measured at least 3 times slower).</param>
    /// <returns>The device.</returns>
    /// <exception cref="InvalidConfigException">There is no such device.</exception>
    /// <exception cref="DllNotFoundException">torch cannot be loaded; the message says why.</exception>
    public static Device Use(string device = "cpu", int threads = 0)
    {
        InvalidConfigException.ThrowIfAny(Errors(device, threads));
        TorchLibrary.Check();
        set_num_threads(threads == 0 ? 1 : threads);
        if (IndexOf(device) is not { } index)
            return CPU;
        if (!cuda.is_available())
            throw new InvalidConfigException(
                [$"device {device} is not to be had: this machine, or its libtorch, has no CUDA; take --device cpu"]);
        if (index >= cuda.device_count())
            throw new InvalidConfigException(
                [$"device {device} is not to be had: this machine has cuda:0 to cuda:{cuda.device_count() - 1}"]);
        return InitializeDevice(new Device(DeviceType.CUDA, index));
    }

    // The number of a CUDA device, 0 when none is given; null for other devices.
    private static int? IndexOf(string device) => device.Split(':') switch
    {
        ["cuda"] => 0,
        ["cuda", var number] when int.TryParse(number, NumberStyles.None, null, out int index) => index,
        _ => null,
    };
}
