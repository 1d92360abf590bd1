// Losses. `reduction` is libtorch's: 0 none, 1 mean, 2 sum.
#include "common.h"

ST_API Handle st_cross_entropy(
    Handle input, Handle target, Handle weight, int64_t ignore_index, int64_t reduction, double label_smoothing)
{
    return make([&] {
        return at::cross_entropy_loss(*input, *target, to_optional(weight), reduction, ignore_index, label_smoothing);
    });
}

ST_API Handle st_nll_loss(Handle input, Handle target, Handle weight, int64_t ignore_index, int64_t reduction)
{
    return make([&] { return at::nll_loss_nd(*input, *target, to_optional(weight), reduction, ignore_index); });
}

ST_API Handle st_mse_loss(Handle input, Handle target, int64_t reduction)
{
    return make([&] { return at::mse_loss(*input, *target, reduction); });
}

ST_API Handle st_l1_loss(Handle input, Handle target, int64_t reduction)
{
    return make([&] { return at::l1_loss(*input, *target, reduction); });
}

ST_API Handle st_binary_cross_entropy(Handle input, Handle target, Handle weight, int64_t reduction)
{
    return make([&] { return at::binary_cross_entropy(*input, *target, to_optional(weight), reduction); });
}

ST_API Handle st_binary_cross_entropy_with_logits(Handle input, Handle target, Handle weight, int64_t reduction, Handle pos_weight)
{
    return make([&] {
        return at::binary_cross_entropy_with_logits(*input, *target, to_optional(weight), to_optional(pos_weight), reduction);
    });
}

ST_API Handle st_kl_div(Handle input, Handle target, int64_t reduction, bool log_target)
{
    return make([&] { return at::kl_div(*input, *target, reduction, log_target); });
}
