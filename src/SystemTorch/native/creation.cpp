// Tensors from nothing: constants, ranges, and views of memory that belongs to somebody else.
#include "common.h"

#include <ATen/core/grad_mode.h>

namespace {
at::Tensor finish(at::Tensor tensor, Options options)
{
    return options.requires_grad != 0 ? tensor.set_requires_grad(true) : tensor;
}
}

#define FROM_SIZES(name) \
    ST_API Handle st_##name(const int64_t* sizes, int32_t count, Options options) \
    { \
        return make([&] { return finish(at::name(to_dims(sizes, count), to_options(options)), options); }); \
    }
#define FROM_TEMPLATE(name) \
    ST_API Handle st_##name(Handle self, Options options) \
    { \
        return make([&] { return finish(at::name(*self, to_options(options)), options); }); \
    }
#define FROM_SIZES_RANDOM(name) \
    ST_API Handle st_##name(const int64_t* sizes, int32_t count, GeneratorHandle generator, Options options) \
    { \
        return make([&] { return finish(at::name(to_dims(sizes, count), to_generator(generator), to_options(options)), options); }); \
    }

FROM_SIZES(empty)
FROM_SIZES(zeros)
FROM_SIZES(ones)
FROM_TEMPLATE(empty_like)
FROM_TEMPLATE(zeros_like)
FROM_TEMPLATE(ones_like)
FROM_TEMPLATE(rand_like)
FROM_TEMPLATE(randn_like)
FROM_SIZES_RANDOM(rand)
FROM_SIZES_RANDOM(randn)

ST_API Handle st_empty_strided(const int64_t* sizes, const int64_t* strides, int32_t count, Options options)
{
    return make([&] {
        return finish(at::empty_strided(to_dims(sizes, count), to_dims(strides, count), to_options(options)), options);
    });
}

ST_API Handle st_full(const int64_t* sizes, int32_t count, Number value, Options options)
{
    return make([&] { return finish(at::full(to_dims(sizes, count), to_scalar(value), to_options(options)), options); });
}

ST_API Handle st_full_like(Handle self, Number value, Options options)
{
    return make([&] { return finish(at::full_like(*self, to_scalar(value), to_options(options)), options); });
}

ST_API Handle st_arange(Number start, Number stop, Number step, Options options)
{
    return make([&] {
        return finish(at::arange(to_scalar(start), to_scalar(stop), to_scalar(step), to_options(options)), options);
    });
}

ST_API Handle st_linspace(double start, double end, int64_t steps, Options options)
{
    return make([&] { return finish(at::linspace(start, end, steps, to_options(options)), options); });
}

ST_API Handle st_eye(int64_t rows, int64_t columns, Options options)
{
    return make([&] { return finish(at::eye(rows, columns, to_options(options)), options); });
}

ST_API Handle st_randint(int64_t low, int64_t high, const int64_t* sizes, int32_t count, GeneratorHandle generator, Options options)
{
    return make([&] {
        return finish(at::randint(low, high, to_dims(sizes, count), to_generator(generator), to_options(options)), options);
    });
}

ST_API Handle st_randint_like(Handle self, int64_t low, int64_t high, Options options)
{
    return make([&] { return finish(at::randint_like(*self, low, high, to_options(options)), options); });
}

ST_API Handle st_randperm(int64_t n, GeneratorHandle generator, Options options)
{
    return make([&] { return finish(at::randperm(n, to_generator(generator), to_options(options)), options); });
}

// A tensor over memory of the caller. `release(context)` is called once, when nothing refers to the memory any more.
ST_API Handle st_from_memory(
    void* data, const int64_t* sizes, int32_t count, Options options, void (*release)(void*), void* context)
{
    return make([&] {
        auto deleter = [release, context](void*) { release(context); };
        auto tensor = at::from_blob(data, to_dims(sizes, count), deleter, to_options(options));
        return finish(tensor, options);
    });
}

// A tensor with its own copy of the caller's memory, in `source_dtype`, converted as `options` asks.
ST_API Handle st_copy_memory(
    const void* data, const int64_t* sizes, int32_t count, int32_t source_dtype, Options options)
{
    return make([&] {
        auto source = at::from_blob(
            const_cast<void*>(data), to_dims(sizes, count), at::TensorOptions().dtype(static_cast<at::ScalarType>(source_dtype)));
        return finish(source.to(to_options(options), /*non_blocking=*/false, /*copy=*/true), options);
    });
}
