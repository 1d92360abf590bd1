// The text of the last error on this thread, and the small conversions that every file needs.
#include "common.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

namespace {
thread_local std::string last_error;
}

void record_current_exception() noexcept
{
    try {
        throw;
    } catch (const c10::Error& error) {
        // Without the native stack, which names no line of the caller's program.
        last_error = error.what_without_backtrace();
    } catch (const std::exception& error) {
        last_error = error.what();
    } catch (...) {
        last_error = "unknown native exception";
    }
}

ST_API const char* st_last_error()
{
    return last_error.c_str();
}

ST_API void st_free(void* memory)
{
    std::free(memory);
}

at::Scalar to_scalar(Number number)
{
    switch (number.kind) {
    case 0:
        return at::Scalar(number.bits);
    case 1: {
        double value;
        std::memcpy(&value, &number.bits, sizeof value);
        return at::Scalar(value);
    }
    default:
        return at::Scalar(number.bits != 0);
    }
}

at::TensorOptions to_options(Options options)
{
    at::TensorOptions result;
    if (options.dtype >= 0) {
        result = result.dtype(static_cast<at::ScalarType>(options.dtype));
    }
    if (options.device_type >= 0) {
        result = result.device(at::Device(
            static_cast<at::DeviceType>(options.device_type), static_cast<at::DeviceIndex>(options.device_index)));
    }
    return result;
}

void give_list(const std::vector<at::Tensor>& tensors, Handle** handles, int32_t* count)
{
    auto* array = static_cast<Handle*>(std::malloc(sizeof(Handle) * (tensors.empty() ? 1 : tensors.size())));
    if (array == nullptr) {
        throw std::bad_alloc();
    }
    for (size_t i = 0; i < tensors.size(); ++i) {
        array[i] = new at::Tensor(tensors[i]);
    }
    *handles = array;
    *count = static_cast<int32_t>(tensors.size());
}
