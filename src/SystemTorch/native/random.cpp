// Generators, and random numbers written into tensors.
#include "common.h"

#include <ATen/CPUGeneratorImpl.h>

ST_API GeneratorHandle st_generator_new(uint64_t seed)
{
    return new at::Generator(at::detail::createCPUGenerator(seed));
}

ST_API GeneratorHandle st_generator_default()
{
    return new at::Generator(at::detail::getDefaultCPUGenerator());
}

ST_API void st_generator_delete(GeneratorHandle self)
{
    delete self;
}

// A generator is shared between threads; libtorch asks its callers to lock it.
ST_API void st_generator_set_seed(GeneratorHandle self, uint64_t seed)
{
    std::lock_guard<std::mutex> lock(self->mutex());
    self->set_current_seed(seed);
}

ST_API uint64_t st_generator_seed(GeneratorHandle self)
{
    std::lock_guard<std::mutex> lock(self->mutex());
    return self->seed();
}

ST_API uint64_t st_generator_initial_seed(GeneratorHandle self)
{
    std::lock_guard<std::mutex> lock(self->mutex());
    return self->current_seed();
}

ST_API Handle st_generator_get_state(GeneratorHandle self)
{
    return make([&] {
        std::lock_guard<std::mutex> lock(self->mutex());
        return self->get_state();
    });
}

ST_API int32_t st_generator_set_state(GeneratorHandle self, Handle state)
{
    return act([&] {
        std::lock_guard<std::mutex> lock(self->mutex());
        self->set_state(*state);
    });
}

ST_API int32_t st_manual_seed(int64_t seed)
{
    return act([&] { at::manual_seed(static_cast<uint64_t>(seed)); });
}

// --- into a tensor ----------------------------------------------------------------------------------------------------

ST_API int32_t st_normal_(Handle self, double mean, double std, GeneratorHandle generator)
{
    return act([&] { self->normal_(mean, std, to_generator(generator)); });
}

ST_API int32_t st_uniform_(Handle self, double from, double to, GeneratorHandle generator)
{
    return act([&] { self->uniform_(from, to, to_generator(generator)); });
}

ST_API int32_t st_random_(Handle self, int64_t from, int64_t to, GeneratorHandle generator)
{
    return act([&] { self->random_(from, to, to_generator(generator)); });
}

ST_API int32_t st_exponential_(Handle self, double lambda, GeneratorHandle generator)
{
    return act([&] { self->exponential_(lambda, to_generator(generator)); });
}

ST_API int32_t st_bernoulli_p_(Handle self, double p, GeneratorHandle generator)
{
    return act([&] { self->bernoulli_(p, to_generator(generator)); });
}

ST_API int32_t st_bernoulli_(Handle self, Handle p, GeneratorHandle generator)
{
    return act([&] { self->bernoulli_(*p, to_generator(generator)); });
}

// --- from a tensor ----------------------------------------------------------------------------------------------------

ST_API Handle st_bernoulli(Handle self, GeneratorHandle generator)
{
    return make([&] { return at::bernoulli(*self, to_generator(generator)); });
}

ST_API Handle st_multinomial(Handle self, int64_t num_samples, bool replacement, GeneratorHandle generator)
{
    return make([&] { return at::multinomial(*self, num_samples, replacement, to_generator(generator)); });
}

ST_API Handle st_normal(Handle mean, Handle std, GeneratorHandle generator)
{
    return make([&] { return at::normal(*mean, *std, to_generator(generator)); });
}
