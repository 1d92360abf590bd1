// Threads. Two pools could share the work: OpenMP's, which libtorch splits its operations over, and OpenBLAS's own, which
// splits each product of matrices. Both at once fight for the cores (each spins while the other computes): an LSTM step of
// 256 units then runs 20 times slower on two threads than on one. So OpenBLAS gets one thread as soon as this library is
// loaded, and set_num_threads() steers OpenMP alone.
#include "common.h"

#include <ATen/Parallel.h>

#include <dlfcn.h>

namespace {
__attribute__((constructor)) void keep_blas_single_threaded()
{
    using SetThreads = void (*)(int);
    // Absent where some other BLAS is installed; nothing is to be done then.
    if (auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
        set(1);
    }
}
}

ST_API int32_t st_get_num_threads() { return at::get_num_threads(); }
ST_API int32_t st_set_num_threads(int32_t threads) { return act([&] { at::set_num_threads(threads); }); }
ST_API int32_t st_get_num_interop_threads() { return at::get_num_interop_threads(); }
ST_API int32_t st_set_num_interop_threads(int32_t threads) { return act([&] { at::set_num_interop_threads(threads); }); }
