// Element by element: arithmetic, functions, comparison, logic.
#include "common.h"

UNARY_BOTH(abs)
UNARY_BOTH(neg)
UNARY_BOTH(exp)
UNARY(exp2)
UNARY_BOTH(expm1)
UNARY_BOTH(log)
UNARY_BOTH(log1p)
UNARY_BOTH(log2)
UNARY_BOTH(log10)
UNARY_BOTH(sqrt)
UNARY_BOTH(rsqrt)
UNARY_BOTH(reciprocal)
UNARY_BOTH(sign)
UNARY_BOTH(sin)
UNARY_BOTH(cos)
UNARY_BOTH(tan)
UNARY_BOTH(sinh)
UNARY_BOTH(cosh)
UNARY_BOTH(asin)
UNARY_BOTH(acos)
UNARY_BOTH(atan)
UNARY_BOTH(tanh)
UNARY_BOTH(sigmoid)
UNARY_BOTH(erf)
UNARY_BOTH(erfc)
UNARY_BOTH(erfinv)
UNARY_BOTH(floor)
UNARY_BOTH(ceil)
UNARY_BOTH(trunc)
UNARY_BOTH(frac)
UNARY(square)
UNARY(isnan)
UNARY(isinf)
UNARY(isfinite)
UNARY_BOTH(bitwise_not)
UNARY(logical_not)
UNARY_INPLACE(logical_not_)

ST_API Handle st_round(Handle self, int64_t decimals) { return make([&] { return at::round(*self, decimals); }); }
ST_API int32_t st_round_(Handle self, int64_t decimals) { return act([&] { self->round_(decimals); }); }

// --- arithmetic -------------------------------------------------------------------------------------------------------

ST_API Handle st_add(Handle self, Handle other, Number alpha)
{
    return make([&] { return at::add(*self, *other, to_scalar(alpha)); });
}

ST_API Handle st_add_number(Handle self, Number other, Number alpha)
{
    return make([&] { return at::add(*self, to_scalar(other), to_scalar(alpha)); });
}

ST_API int32_t st_add_(Handle self, Handle other, Number alpha)
{
    return act([&] { self->add_(*other, to_scalar(alpha)); });
}

ST_API int32_t st_add__number(Handle self, Number other, Number alpha)
{
    return act([&] { self->add_(to_scalar(other), to_scalar(alpha)); });
}

ST_API Handle st_sub(Handle self, Handle other) { return make([&] { return at::sub(*self, *other); }); }
ST_API int32_t st_sub_(Handle self, Handle other) { return act([&] { self->sub_(*other); }); }
ST_API Handle st_sub_number(Handle self, Number other) { return make([&] { return at::sub(*self, to_scalar(other)); }); }
ST_API int32_t st_sub__number(Handle self, Number other) { return act([&] { self->sub_(to_scalar(other)); }); }

// number - tensor, in one kernel and with libtorch's own type promotion.
ST_API Handle st_rsub_number(Handle self, Number other)
{
    return make([&] { return at::rsub(*self, to_scalar(other)); });
}

BINARY_BOTH(mul)
WITH_NUMBER_BOTH(mul)
BINARY_BOTH(remainder)
WITH_NUMBER_BOTH(remainder)
BINARY_BOTH(fmod)
WITH_NUMBER_BOTH(fmod)
BINARY_BOTH(floor_divide)
WITH_NUMBER_BOTH(floor_divide)

namespace {
c10::optional<c10::string_view> to_rounding(int32_t mode)
{
    switch (mode) {
    case 1: return "trunc";
    case 2: return "floor";
    default: return c10::nullopt;
    }
}
}

ST_API Handle st_div(Handle self, Handle other, int32_t rounding)
{
    return make([&] { return at::div(*self, *other, to_rounding(rounding)); });
}

ST_API Handle st_div_number(Handle self, Number other, int32_t rounding)
{
    return make([&] { return at::div(*self, to_scalar(other), to_rounding(rounding)); });
}

ST_API int32_t st_div_(Handle self, Handle other, int32_t rounding)
{
    return act([&] { self->div_(*other, to_rounding(rounding)); });
}

ST_API int32_t st_div__number(Handle self, Number other, int32_t rounding)
{
    return act([&] { self->div_(to_scalar(other), to_rounding(rounding)); });
}

BINARY(pow)
BINARY_INPLACE(pow_)
ST_API Handle st_pow_number(Handle self, Number exponent) { return make([&] { return at::pow(*self, to_scalar(exponent)); }); }
ST_API int32_t st_pow__number(Handle self, Number exponent) { return act([&] { self->pow_(to_scalar(exponent)); }); }

// --- several operands -------------------------------------------------------------------------------------------------

ST_API Handle st_addcmul(Handle self, Handle tensor1, Handle tensor2, Number value)
{
    return make([&] { return at::addcmul(*self, *tensor1, *tensor2, to_scalar(value)); });
}

ST_API int32_t st_addcmul_(Handle self, Handle tensor1, Handle tensor2, Number value)
{
    return act([&] { self->addcmul_(*tensor1, *tensor2, to_scalar(value)); });
}

ST_API Handle st_addcdiv(Handle self, Handle tensor1, Handle tensor2, Number value)
{
    return make([&] { return at::addcdiv(*self, *tensor1, *tensor2, to_scalar(value)); });
}

ST_API int32_t st_addcdiv_(Handle self, Handle tensor1, Handle tensor2, Number value)
{
    return act([&] { self->addcdiv_(*tensor1, *tensor2, to_scalar(value)); });
}

ST_API Handle st_lerp(Handle self, Handle end, Handle weight) { return make([&] { return at::lerp(*self, *end, *weight); }); }
ST_API int32_t st_lerp_(Handle self, Handle end, Handle weight) { return act([&] { self->lerp_(*end, *weight); }); }

ST_API Handle st_where(Handle condition, Handle x, Handle y)
{
    return make([&] { return at::where(*condition, *x, *y); });
}

// --- limits; an absent bound is a null pointer ------------------------------------------------------------------------

namespace {
c10::optional<at::Scalar> to_bound(const Number* number)
{
    return number == nullptr ? c10::nullopt : c10::make_optional(to_scalar(*number));
}
}

ST_API Handle st_clamp_number(Handle self, const Number* min, const Number* max)
{
    return make([&] { return at::clamp(*self, to_bound(min), to_bound(max)); });
}

ST_API int32_t st_clamp__number(Handle self, const Number* min, const Number* max)
{
    return act([&] { self->clamp_(to_bound(min), to_bound(max)); });
}

ST_API Handle st_clamp(Handle self, Handle min, Handle max)
{
    return make([&] { return at::clamp(*self, to_optional(min), to_optional(max)); });
}

ST_API int32_t st_clamp_(Handle self, Handle min, Handle max)
{
    return act([&] { self->clamp_(to_optional(min), to_optional(max)); });
}

BINARY(maximum)
BINARY(minimum)

// --- comparison and logic ---------------------------------------------------------------------------------------------

BINARY_BOTH(bitwise_and)
BINARY_BOTH(bitwise_or)
BINARY_BOTH(bitwise_xor)

#define COMPARISON(name) \
    BINARY(name) \
    BINARY_INPLACE(name##_) \
    WITH_NUMBER(name) \
    WITH_NUMBER_INPLACE(name##_)

COMPARISON(eq)
COMPARISON(ne)
COMPARISON(lt)
COMPARISON(le)
COMPARISON(gt)
COMPARISON(ge)

BINARY(logical_and)
BINARY_INPLACE(logical_and_)
BINARY(logical_or)
BINARY_INPLACE(logical_or_)
BINARY(logical_xor)
BINARY_INPLACE(logical_xor_)

ST_API Handle st_isclose(Handle self, Handle other, double rtol, double atol, bool equal_nan)
{
    return make([&] { return at::isclose(*self, *other, rtol, atol, equal_nan); });
}

ST_API int32_t st_allclose(Handle self, Handle other, double rtol, double atol, bool equal_nan, bool* result)
{
    return act([&] { *result = at::allclose(*self, *other, rtol, atol, equal_nan); });
}

ST_API int32_t st_equal(Handle self, Handle other, bool* result)
{
    return act([&] { *result = at::equal(*self, *other); });
}
