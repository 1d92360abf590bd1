using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>The threads that one operation of libtorch uses.</summary>
    public static int get_num_threads() => Native.st_get_num_threads();

    public static void set_num_threads(int num) => Native.Check(Native.st_set_num_threads(num));

    public static int get_num_interop_threads() => Native.st_get_num_interop_threads();

    public static void set_num_interop_threads(int num) => Native.Check(Native.st_set_num_interop_threads(num));
}
