using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

// native/random.cpp
internal static unsafe partial class Native
{
    [DllImport(Library)] internal static extern nint st_generator_new(ulong seed);
    [DllImport(Library)] internal static extern nint st_generator_default();
    [DllImport(Library)] internal static extern void st_generator_delete(nint self);
    [DllImport(Library)] internal static extern void st_generator_set_seed(nint self, ulong seed);
    [DllImport(Library)] internal static extern ulong st_generator_seed(nint self);
    [DllImport(Library)] internal static extern ulong st_generator_initial_seed(nint self);
    [DllImport(Library)] internal static extern nint st_generator_get_state(nint self);
    [DllImport(Library)] internal static extern int st_generator_set_state(nint self, nint state);
    [DllImport(Library)] internal static extern int st_manual_seed(long seed);
    [DllImport(Library)] internal static extern int st_normal_(nint self, double mean, double std, nint generator);
    [DllImport(Library)] internal static extern int st_uniform_(nint self, double from, double to, nint generator);
    [DllImport(Library)] internal static extern int st_random_(nint self, long from, long to, nint generator);
    [DllImport(Library)] internal static extern int st_exponential_(nint self, double lambda, nint generator);
    [DllImport(Library)] internal static extern int st_bernoulli_p_(nint self, double p, nint generator);
    [DllImport(Library)] internal static extern int st_bernoulli_(nint self, nint p, nint generator);
    [DllImport(Library)] internal static extern nint st_bernoulli(nint self, nint generator);
    [DllImport(Library)] internal static extern nint st_multinomial(nint self, long numSamples, bool replacement, nint generator);
    [DllImport(Library)] internal static extern nint st_normal(nint mean, nint std, nint generator);
}
