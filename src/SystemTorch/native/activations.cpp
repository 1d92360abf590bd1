// What stands between the linear layers: activations, softmax, normalisation, dropout, embedding, padding.
#include "common.h"

#include <cmath>
#include <limits>

UNARY_BOTH(relu)
UNARY(silu)
ST_API int32_t st_silu_(Handle self) { return act([&] { at::silu_(*self); }); }
UNARY(log_sigmoid)

ST_API Handle st_gelu(Handle self) { return make([&] { return at::gelu(*self); }); }
ST_API int32_t st_gelu_(Handle self) { return act([&] { at::gelu_(*self); }); }

ST_API Handle st_softmax(Handle self, int64_t dim, int32_t dtype)
{
    return make([&] { return at::softmax(*self, dim, to_dtype(dtype)); });
}

ST_API Handle st_log_softmax(Handle self, int64_t dim, int32_t dtype)
{
    return make([&] { return at::log_softmax(*self, dim, to_dtype(dtype)); });
}

ST_API Handle st_layer_norm(Handle input, const int64_t* shape, int32_t count, Handle weight, Handle bias, double eps)
{
    return make([&] { return at::layer_norm(*input, to_dims(shape, count), to_optional(weight), to_optional(bias), eps); });
}

ST_API Handle st_dropout(Handle input, double p, bool training)
{
    return make([&] { return at::dropout(*input, p, training); });
}

ST_API int32_t st_dropout_(Handle input, double p, bool training)
{
    return act([&] { at::dropout_(*input, p, training); });
}

ST_API Handle st_embedding(Handle weight, Handle indices, int64_t padding_idx, bool scale_grad_by_freq, bool sparse)
{
    return make([&] { return at::embedding(*weight, *indices, padding_idx, scale_grad_by_freq, sparse); });
}

ST_API int32_t st_embedding_renorm_(Handle weight, Handle indices, double max_norm, double norm_type)
{
    return act([&] { at::embedding_renorm_(*weight, *indices, max_norm, norm_type); });
}

// mode: 1 reflect, 2 replicate, 3 circular, 4 constant
ST_API Handle st_pad(Handle input, const int64_t* pad, int32_t count, int32_t mode, double value)
{
    return make([&] {
        const char* name = mode == 1 ? "reflect" : mode == 2 ? "replicate" : mode == 3 ? "circular" : "constant";
        return at::pad(*input, to_dims(pad, count), name, mode == 4 ? c10::make_optional(value) : c10::nullopt);
    });
}

// scale * query key^T, masked, softmax, dropout, times value. libtorch 1.13 has no public form of it that takes a mask
// and dropout together, so it is spelled out.
ST_API Handle st_scaled_dot_product_attention(Handle query, Handle key, Handle value, Handle mask, double p, bool causal)
{
    return make([&] {
        TORCH_CHECK(!causal || mask == nullptr, "scaled_dot_product_attention: an explicit attn_mask should not be set when is_causal=True");
        auto scores = at::matmul(*query, key->transpose(-2, -1)) / std::sqrt(static_cast<double>(query->size(-1)));
        if (causal) {
            auto allowed = at::ones({query->size(-2), key->size(-2)}, query->options().dtype(at::kBool)).tril();
            scores = scores.masked_fill(allowed.logical_not(), -std::numeric_limits<double>::infinity());
        } else if (mask != nullptr) {
            scores = mask->scalar_type() == at::kBool
                ? scores.masked_fill(mask->logical_not(), -std::numeric_limits<double>::infinity())
                : scores + *mask;
        }
        return at::matmul(at::dropout(at::softmax(scores, -1), p, p > 0), *value);
    });
}
