using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace CharLM.Workbench.Benchmarking;

/// <summary>
/// The state of the machine: how long a cache line takes from one processor to another and back. A virtual machine's processors move
/// between cores, so figures of two threads mean little without it.
/// </summary>
internal static partial class CacheLineTrip
{
    private const int Bursts = 25, TurnsOfBurst = 4_000, MaskBytes = 1024, CacheLine = 64;
    private const double SecondsOfBurst = 0.05, SecondsInAll = 0.3;

    // Longest round trips on two threads of one core, and on two cores that share their last cache. Measured on AMD EPYC: 55 to 60 ns,
    // 80 to 130 ns, and 380 to 400 ns without a shared cache.
    private const double OneCore = 75, SharedCache = 200;

    /// <summary>The shortest mean round trip of many short bursts, in nanoseconds; null with one processor.</summary>
    /// <remarks>The two threads are pinned to the first two processors that the process may use, where the system allows.</remarks>
    public static double? Measure()
    {
        if (Environment.ProcessorCount < 2)
            return null;
        var line = new Line();
        // Negative where the system does not tell, or does not let us choose.
        int[] processors = [.. Affinity.Processors().Take(2), -1, -1];
        var answering = new Thread(() =>
        {
            Affinity.Pin(processors[1]);
            line.Answer();
        })
        { IsBackground = true, Name = "charlm cache line" };
        double shortest = double.PositiveInfinity;
        // A thread of its own, since it stays pinned.
        var asking = new Thread(() =>
        {
            Affinity.Pin(processors[0]);
            var clock = Stopwatch.StartNew();
            for (int burst = 0; burst < Bursts && clock.Elapsed.TotalSeconds < SecondsInAll; burst++)
                shortest = Math.Min(shortest, line.Ask(TurnsOfBurst, SecondsOfBurst));
            line.End();
        })
        { IsBackground = true, Name = "charlm cache line" };
        answering.Start();
        asking.Start();
        asking.Join();
        answering.Join();
        return double.IsFinite(shortest) ? shortest : null;
    }

    /// <summary>What a round trip tells about the two processors.</summary>
    public static string Meaning(double nanoseconds) =>
        nanoseconds < OneCore ? "two threads of one core" : nanoseconds < SharedCache ? "two cores that share a cache"
        : "two cores that share no cache, or are busy";

    // The line, alone in its cache line and its neighbours.
    private sealed class Line
    {
        private readonly int[] _turns = GC.AllocateArray<int>(4 * CacheLine / sizeof(int), pinned: true);
        private volatile bool _ended;

        private ref int Turn => ref _turns[2 * CacheLine / sizeof(int)];

        // Nanoseconds per turn; infinite if the other thread does not get to run.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public double Ask(int turns, double seconds)
        {
            long begun = Stopwatch.GetTimestamp(), until = begun + (long)(seconds * Stopwatch.Frequency);
            for (int turn = 0; turn < turns; turn++)
            {
                Volatile.Write(ref Turn, 1);
                for (int wait = 1; Volatile.Read(ref Turn) != 0; wait++)
                {
                    if (wait % 1024 == 0 && Stopwatch.GetTimestamp() > until)
                        return double.PositiveInfinity;
                }
            }
            return Stopwatch.GetElapsedTime(begun).TotalNanoseconds / turns;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Answer()
        {
            while (!_ended)
            {
                if (Volatile.Read(ref Turn) == 1)
                    Volatile.Write(ref Turn, 0);
            }
        }

        public void End() => _ended = true;
    }

    // The processors of a thread, on Linux; other systems choose.
    private static partial class Affinity
    {
        public static IEnumerable<int> Processors()
        {
            byte[] mask = new byte[MaskBytes];
            if (!OperatingSystem.IsLinux() || SchedGetAffinity(0, (nuint)mask.Length, mask) != 0)
                yield break;
            for (int processor = 0; processor < 8 * mask.Length; processor++)
            {
                if ((mask[processor / 8] & (1 << (processor % 8))) != 0)
                    yield return processor;
            }
        }

        /// <summary>Pins the calling thread; a negative processor leaves the choice to the system.</summary>
        public static void Pin(int processor)
        {
            if (processor < 0)
                return;
            byte[] mask = new byte[MaskBytes];
            mask[processor / 8] = (byte)(1 << (processor % 8));
            _ = SchedSetAffinity(0, (nuint)mask.Length, mask);
        }

        [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial int SchedGetAffinity(int thread, nuint bytes, byte[] mask);

        [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial int SchedSetAffinity(int thread, nuint bytes, byte[] mask);
    }
}
