// Threads. Two pools could share the work: OpenMP's, which libtorch splits its operations over, and OpenBLAS's own, which
// splits each product of matrices. Both at once fight for the cores: an LSTM step of 256 units then runs many times slower
// than on one thread. So OpenBLAS gets one thread as soon as this library is loaded, and set_num_threads() steers OpenMP
// alone. That begins with one thread, too. Measured on two cores, in tokens per second, means of 30 steps forward and
// backward (LSTM of 256 units, batch 32, 35 steps):
//                        one thread     two threads
//     quiet machine      35,000-38,000  32,000-35,000 (OpenMP spinning), 28,000-31,000 (sleeping, see Interop/Native.cs)
//     one busy process   34,000         12,000 (spinning), 30,000 (sleeping)
// One thread is never slower for recurrent layers. Large element-wise operations gain from more (exp of 4 million numbers:
// 1.5 ms on one, 0.8 ms on two), and whoever has those asks for more with set_num_threads().
#include "common.h"

#include <ATen/Parallel.h>

#include <dlfcn.h>

namespace {
__attribute__((constructor)) void begin_with_one_thread()
{
    using SetThreads = void (*)(int);
    // Absent where some other BLAS is installed; nothing is to be done then.
    if (auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
        set(1);
    }
    at::set_num_threads(1);
}
}

ST_API int32_t st_get_num_threads() { return at::get_num_threads(); }
ST_API int32_t st_set_num_threads(int32_t threads) { return act([&] { at::set_num_threads(threads); }); }
ST_API int32_t st_get_num_interop_threads() { return at::get_num_interop_threads(); }
ST_API int32_t st_set_num_interop_threads(int32_t threads) { return act([&] { at::set_num_interop_threads(threads); }); }
