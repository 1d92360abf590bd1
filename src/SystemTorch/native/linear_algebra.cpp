// Products of matrices and vectors.
#include "common.h"

BINARY(matmul)
BINARY(mm)
BINARY(bmm)
BINARY(mv)
BINARY(dot)
BINARY(outer)

// Everything of the form  beta * self + alpha * (first x second).
#define ADD_PRODUCT(name) \
    ST_API Handle st_##name(Handle self, Handle first, Handle second, double beta, double alpha) \
    { \
        return make([&] { return at::name(*self, *first, *second, beta, alpha); }); \
    }
#define ADD_PRODUCT_INPLACE(name) \
    ST_API int32_t st_##name(Handle self, Handle first, Handle second, double beta, double alpha) \
    { \
        return act([&] { self->name(*first, *second, beta, alpha); }); \
    }

ADD_PRODUCT(addmm)
ADD_PRODUCT_INPLACE(addmm_)
ADD_PRODUCT(addmv)
ADD_PRODUCT_INPLACE(addmv_)
ADD_PRODUCT(addr)
ADD_PRODUCT_INPLACE(addr_)
ADD_PRODUCT(addbmm)
ADD_PRODUCT_INPLACE(addbmm_)
ADD_PRODUCT(baddbmm)

ST_API Handle st_einsum(const char* equation, const Handle* tensors, int32_t count)
{
    return make([&] { return at::einsum(equation, to_tensors(tensors, count)); });
}

ST_API Handle st_linear(Handle input, Handle weight, Handle bias)
{
    return make([&] { return at::linear(*input, *weight, to_optional(bias)); });
}

// The two results of a QR decomposition; nn.init.orthogonal_ needs them.
ST_API int32_t st_qr(Handle self, Handle* results)
{
    return act([&] { auto [q, r] = at::linalg_qr(*self); give_pair(q, r, results); });
}

ST_API Handle st_linalg_eigvals(Handle self)
{
    return make([&] { return at::linalg_eigvals(*self); });
}

ST_API Handle st_linalg_svdvals(Handle self)
{
    return make([&] { return at::linalg_svdvals(*self); });
}

ST_API Handle st_view_as_real(Handle self)
{
    return make([&] { return at::view_as_real(*self); });
}
