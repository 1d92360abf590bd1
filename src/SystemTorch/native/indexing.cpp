// Reading and writing parts of a tensor that an index names.
#include "common.h"

#include <ATen/TensorIndexing.h>

// One component of an index expression such as x[0, 1..3, mask].
struct IndexItem {
    int64_t kind;  // 0: none, 1: ellipsis, 2: a number, 3: a truth value, 4: a slice, 5: a tensor
    int64_t start, stop, step;
    Handle tensor;
};

namespace {
constexpr int64_t absent = INT64_MIN;

std::vector<at::indexing::TensorIndex> to_indices(const IndexItem* items, int32_t count)
{
    using namespace at::indexing;
    auto bound = [](int64_t value) {
        return value == absent ? c10::nullopt : c10::make_optional(value);
    };
    std::vector<TensorIndex> indices;
    indices.reserve(count);
    for (int32_t i = 0; i < count; ++i) {
        const IndexItem& item = items[i];
        switch (item.kind) {
        case 0: indices.emplace_back(None); break;
        case 1: indices.emplace_back(Ellipsis); break;
        case 2: indices.emplace_back(item.start); break;
        case 3: indices.emplace_back(item.start != 0); break;
        case 4: indices.emplace_back(Slice(bound(item.start), bound(item.stop), bound(item.step))); break;
        default: indices.emplace_back(*item.tensor); break;
        }
    }
    return indices;
}
}

ST_API Handle st_index(Handle self, const IndexItem* items, int32_t count)
{
    return make([&] { return self->index(to_indices(items, count)); });
}

ST_API int32_t st_index_put_(Handle self, const IndexItem* items, int32_t count, Handle value)
{
    return act([&] { self->index_put_(to_indices(items, count), *value); });
}

ST_API int32_t st_index_put__number(Handle self, const IndexItem* items, int32_t count, Number value)
{
    return act([&] { self->index_put_(to_indices(items, count), to_scalar(value)); });
}

// Tensors only, with a choice to add instead of overwrite.
ST_API int32_t st_index_put_tensors_(Handle self, const Handle* indices, int32_t count, Handle value, bool accumulate)
{
    return act([&] {
        c10::List<c10::optional<at::Tensor>> list;
        for (int32_t i = 0; i < count; ++i) {
            list.push_back(to_optional(indices[i]));
        }
        at::index_put_(*self, list, *value, accumulate);
    });
}

ST_API Handle st_index_select(Handle self, int64_t dim, Handle index)
{
    return make([&] { return at::index_select(*self, dim, *index); });
}

ST_API Handle st_index_add(Handle self, int64_t dim, Handle index, Handle source, Number alpha)
{
    return make([&] { return at::index_add(*self, dim, *index, *source, to_scalar(alpha)); });
}

ST_API int32_t st_index_add_(Handle self, int64_t dim, Handle index, Handle source, Number alpha)
{
    return act([&] { self->index_add_(dim, *index, *source, to_scalar(alpha)); });
}

ST_API Handle st_index_fill(Handle self, int64_t dim, Handle index, Number value)
{
    return make([&] { return at::index_fill(*self, dim, *index, to_scalar(value)); });
}

ST_API int32_t st_index_fill_(Handle self, int64_t dim, Handle index, Number value)
{
    return act([&] { self->index_fill_(dim, *index, to_scalar(value)); });
}

#define BY_INDEX(name) \
    ST_API Handle st_##name(Handle self, int64_t dim, Handle index, Handle source) \
    { \
        return make([&] { return at::name(*self, dim, *index, *source); }); \
    } \
    ST_API int32_t st_##name##_(Handle self, int64_t dim, Handle index, Handle source) \
    { \
        return act([&] { self->name##_(dim, *index, *source); }); \
    }

BY_INDEX(index_copy)
BY_INDEX(scatter)
BY_INDEX(scatter_add)

ST_API Handle st_gather(Handle self, int64_t dim, Handle index, bool sparse_grad)
{
    return make([&] { return at::gather(*self, dim, *index, sparse_grad); });
}

ST_API Handle st_take_along_dim(Handle self, Handle indices, int64_t dim)
{
    return make([&] { return at::take_along_dim(*self, *indices, dim); });
}

ST_API Handle st_masked_fill(Handle self, Handle mask, Number value)
{
    return make([&] { return at::masked_fill(*self, *mask, to_scalar(value)); });
}

ST_API int32_t st_masked_fill_(Handle self, Handle mask, Number value)
{
    return act([&] { self->masked_fill_(*mask, to_scalar(value)); });
}

BINARY(masked_select)
BINARY(take)
UNARY(nonzero)

ST_API int32_t st_where_condition(Handle condition, Handle** results, int32_t* count)
{
    return act([&] { give_list(at::where(*condition), results, count); });
}

ST_API Handle st_one_hot(Handle self, int64_t num_classes)
{
    return make([&] { return at::one_hot(*self, num_classes); });
}

// Positions count the elements of `self` in the order of its indices, whatever its strides.
ST_API int32_t st_put_(Handle self, Handle positions, Handle source, bool accumulate)
{
    return act([&] { self->put_(*positions, *source, accumulate); });
}
