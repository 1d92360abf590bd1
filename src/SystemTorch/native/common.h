// The border between C# and libtorch. What crosses it: opaque tensor handles, numbers, pointers to plain arrays.
// What never does: a C++ type or a C++ exception. The C# side declares the same functions in Native/*.cs.
//
// Results:   a function that makes a tensor returns its handle, or null when libtorch threw;
//            every other function that can fail returns 0, or 1 when libtorch threw.
// Errors:    their text waits in a thread-local string until st_last_error() asks for it.
// Ownership: the caller owns every handle it receives and gives it back to st_tensor_delete().
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#define ST_API extern "C" __attribute__((visibility("default")))

using Handle = at::Tensor*;
using GeneratorHandle = at::Generator*;

// A number of any kind, as C#'s Scalar hands it over: passed by value in two registers.
struct Number {
    int64_t kind;  // 0: integer, 1: floating point, 2: boolean
    int64_t bits;
};

// Where and how a new tensor is made. dtype -1: libtorch's default, or that of the tensor which serves as template.
struct Options {
    int32_t dtype;
    int32_t device_type;  // -1: as above
    int32_t device_index;
    int32_t requires_grad;
};

void record_current_exception() noexcept;

at::Scalar to_scalar(Number number);
at::TensorOptions to_options(Options options);

inline c10::optional<at::ScalarType> to_dtype(int32_t dtype)
{
    return dtype < 0 ? c10::nullopt : c10::make_optional(static_cast<at::ScalarType>(dtype));
}

inline c10::optional<at::Generator> to_generator(GeneratorHandle generator)
{
    return generator == nullptr ? c10::nullopt : c10::make_optional(*generator);
}

inline c10::optional<at::Tensor> to_optional(Handle tensor)
{
    return tensor == nullptr ? c10::nullopt : c10::make_optional(*tensor);
}

// An undefined tensor is libtorch's own way to say "none" where no optional is taken.
inline at::Tensor or_undefined(Handle tensor)
{
    return tensor == nullptr ? at::Tensor() : *tensor;
}

inline at::IntArrayRef to_dims(const int64_t* dims, int32_t count)
{
    return at::IntArrayRef(dims, static_cast<size_t>(count));
}

inline std::vector<at::Tensor> to_tensors(const Handle* handles, int32_t count)
{
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int32_t i = 0; i < count; ++i) {
        tensors.push_back(or_undefined(handles[i]));
    }
    return tensors;
}

// Runs something that makes a tensor.
template <class Make>
Handle make(Make&& body) noexcept
{
    try {
        return new at::Tensor(body());
    } catch (...) {
        record_current_exception();
        return nullptr;
    }
}

// Runs anything else that can throw.
template <class Act>
int32_t act(Act&& body) noexcept
{
    try {
        body();
        return 0;
    } catch (...) {
        record_current_exception();
        return 1;
    }
}

// Hands over a list of tensors as an array from malloc, which st_free() releases.
void give_list(const std::vector<at::Tensor>& tensors, Handle** handles, int32_t* count);

// Hands over two tensors at once.
inline void give_pair(const at::Tensor& first, const at::Tensor& second, Handle* handles)
{
    handles[0] = new at::Tensor(first);
    handles[1] = new at::Tensor(second);
}

// The families most operators belong to; `name` is libtorch's own.
#define UNARY(name) \
    ST_API Handle st_##name(Handle self) { return make([&] { return at::name(*self); }); }
#define UNARY_INPLACE(name) \
    ST_API int32_t st_##name(Handle self) { return act([&] { self->name(); }); }
#define UNARY_BOTH(name) UNARY(name) UNARY_INPLACE(name##_)

#define BINARY(name) \
    ST_API Handle st_##name(Handle self, Handle other) { return make([&] { return at::name(*self, *other); }); }
#define BINARY_INPLACE(name) \
    ST_API int32_t st_##name(Handle self, Handle other) { return act([&] { self->name(*other); }); }
#define BINARY_BOTH(name) BINARY(name) BINARY_INPLACE(name##_)

#define WITH_NUMBER(name) \
    ST_API Handle st_##name##_number(Handle self, Number other) { return make([&] { return at::name(*self, to_scalar(other)); }); }
#define WITH_NUMBER_INPLACE(name) \
    ST_API int32_t st_##name##_number(Handle self, Number other) { return act([&] { self->name(to_scalar(other)); }); }
#define WITH_NUMBER_BOTH(name) WITH_NUMBER(name) WITH_NUMBER_INPLACE(name##_)
