// Many elements to few: sums, means, extremes, order, counts.
#include "common.h"

#define REDUCE_TYPED(name) \
    ST_API Handle st_##name(Handle self, int32_t dtype) { return make([&] { return at::name(*self, to_dtype(dtype)); }); }

#define REDUCE_DIMS_TYPED(name) \
    ST_API Handle st_##name##_dims(Handle self, const int64_t* dims, int32_t count, bool keepdim, int32_t dtype) \
    { \
        return make([&] { return at::name(*self, to_dims(dims, count), keepdim, to_dtype(dtype)); }); \
    }

REDUCE_TYPED(sum)
REDUCE_TYPED(mean)
REDUCE_TYPED(prod)
REDUCE_DIMS_TYPED(sum)
REDUCE_DIMS_TYPED(mean)

ST_API Handle st_prod_dim(Handle self, int64_t dim, bool keepdim, int32_t dtype)
{
    return make([&] { return at::prod(*self, dim, keepdim, to_dtype(dtype)); });
}

ST_API Handle st_cumsum(Handle self, int64_t dim, int32_t dtype)
{
    return make([&] { return at::cumsum(*self, dim, to_dtype(dtype)); });
}

ST_API Handle st_cumprod(Handle self, int64_t dim, int32_t dtype)
{
    return make([&] { return at::cumprod(*self, dim, to_dtype(dtype)); });
}

ST_API Handle st_logcumsumexp(Handle self, int64_t dim)
{
    return make([&] { return at::logcumsumexp(*self, dim); });
}

ST_API Handle st_logsumexp(Handle self, int64_t dim, bool keepdim)
{
    return make([&] { return at::logsumexp(*self, dim, keepdim); });
}

ST_API Handle st_norm(Handle self, double p) { return make([&] { return at::norm(*self, p); }); }

ST_API Handle st_norm_dim(Handle self, int64_t dim, bool keepdim, double p)
{
    return make([&] { return at::norm(*self, p, dim, keepdim); });
}

// --- spread -----------------------------------------------------------------------------------------------------------

#define SPREAD(name) \
    ST_API Handle st_##name(Handle self, bool unbiased) { return make([&] { return at::name(*self, unbiased); }); } \
    ST_API Handle st_##name##_dims(Handle self, const int64_t* dims, int32_t count, bool unbiased, bool keepdim) \
    { \
        return make([&] { return at::name(*self, to_dims(dims, count), unbiased, keepdim); }); \
    }

SPREAD(var)
SPREAD(std)

#define SPREAD_AND_MEAN(name) \
    ST_API int32_t st_##name(Handle self, bool unbiased, Handle* results) \
    { \
        return act([&] { auto [spread, mean] = at::name(*self, unbiased); give_pair(spread, mean, results); }); \
    } \
    ST_API int32_t st_##name##_dims(Handle self, const int64_t* dims, int32_t count, bool unbiased, bool keepdim, Handle* results) \
    { \
        return act([&] { auto [spread, mean] = at::name(*self, to_dims(dims, count), unbiased, keepdim); give_pair(spread, mean, results); }); \
    }

SPREAD_AND_MEAN(var_mean)
SPREAD_AND_MEAN(std_mean)

// --- extremes ---------------------------------------------------------------------------------------------------------

UNARY(max)
UNARY(min)
UNARY(median)

ST_API int32_t st_max_dim(Handle self, int64_t dim, bool keepdim, Handle* results)
{
    return act([&] { auto [values, indices] = at::max(*self, dim, keepdim); give_pair(values, indices, results); });
}

ST_API int32_t st_min_dim(Handle self, int64_t dim, bool keepdim, Handle* results)
{
    return act([&] { auto [values, indices] = at::min(*self, dim, keepdim); give_pair(values, indices, results); });
}

ST_API Handle st_amax(Handle self, const int64_t* dims, int32_t count, bool keepdim)
{
    return make([&] { return at::amax(*self, to_dims(dims, count), keepdim); });
}

ST_API Handle st_amin(Handle self, const int64_t* dims, int32_t count, bool keepdim)
{
    return make([&] { return at::amin(*self, to_dims(dims, count), keepdim); });
}

UNARY(argmax)
UNARY(argmin)
ST_API Handle st_argmax_dim(Handle self, int64_t dim, bool keepdim) { return make([&] { return at::argmax(*self, dim, keepdim); }); }
ST_API Handle st_argmin_dim(Handle self, int64_t dim, bool keepdim) { return make([&] { return at::argmin(*self, dim, keepdim); }); }

// --- order ------------------------------------------------------------------------------------------------------------

ST_API int32_t st_topk(Handle self, int64_t k, int64_t dim, bool largest, bool sorted, Handle* results)
{
    return act([&] { auto [values, indices] = at::topk(*self, k, dim, largest, sorted); give_pair(values, indices, results); });
}

ST_API int32_t st_sort(Handle self, int64_t dim, bool descending, bool stable, Handle* results)
{
    return act([&] {
        auto [values, indices] = at::sort(*self, stable, dim, descending);
        give_pair(values, indices, results);
    });
}

ST_API Handle st_argsort(Handle self, int64_t dim, bool descending)
{
    return make([&] { return at::argsort(*self, dim, descending); });
}

// --- truth and counts -------------------------------------------------------------------------------------------------

UNARY(all)
UNARY(any)
ST_API Handle st_all_dim(Handle self, int64_t dim, bool keepdim) { return make([&] { return at::all(*self, dim, keepdim); }); }
ST_API Handle st_any_dim(Handle self, int64_t dim, bool keepdim) { return make([&] { return at::any(*self, dim, keepdim); }); }

ST_API Handle st_count_nonzero(Handle self, const int64_t* dims, int32_t count)
{
    return make([&] { return count == 0 ? at::count_nonzero(*self) : at::count_nonzero(*self, to_dims(dims, count)); });
}

ST_API Handle st_bincount(Handle self, Handle weights, int64_t minlength)
{
    return make([&] { return at::bincount(*self, to_optional(weights), minlength); });
}

// Up to three results; those not asked for are null.
ST_API int32_t st_unique(Handle self, bool sorted, bool inverse, bool counts, int64_t dim, bool has_dim, Handle* results)
{
    return act([&] {
        auto [output, inverse_indices, occurrences] = has_dim
            ? at::unique_dim(*self, dim, sorted, inverse, counts)
            : at::_unique2(*self, sorted, inverse, counts);
        results[0] = new at::Tensor(output);
        results[1] = inverse ? new at::Tensor(inverse_indices) : nullptr;
        results[2] = counts ? new at::Tensor(occurrences) : nullptr;
    });
}
