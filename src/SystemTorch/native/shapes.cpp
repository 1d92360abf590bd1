// The same numbers in another arrangement: views, joins, splits.
#include "common.h"

#define WITH_DIMS(name) \
    ST_API Handle st_##name(Handle self, const int64_t* dims, int32_t count) \
    { \
        return make([&] { return self->name(to_dims(dims, count)); }); \
    }

WITH_DIMS(view)
WITH_DIMS(reshape)
WITH_DIMS(permute)
WITH_DIMS(repeat)
WITH_DIMS(flip)
WITH_DIMS(tile)

ST_API Handle st_expand(Handle self, const int64_t* sizes, int32_t count, bool is_implicit)
{
    return make([&] { return self->expand(to_dims(sizes, count), is_implicit); });
}

ST_API Handle st_expand_as(Handle self, Handle other) { return make([&] { return self->expand_as(*other); }); }
ST_API Handle st_view_as(Handle self, Handle other) { return make([&] { return self->view_as(*other); }); }

UNARY(t)
ST_API Handle st_numpy_T(Handle self) { return make([&] { return self->numpy_T(); }); }

ST_API Handle st_flatten(Handle self, int64_t start_dim, int64_t end_dim)
{
    return make([&] { return at::flatten(*self, start_dim, end_dim); });
}

ST_API Handle st_unflatten(Handle self, int64_t dim, const int64_t* sizes, int32_t count)
{
    return make([&] { return self->unflatten(dim, to_dims(sizes, count)); });
}

ST_API Handle st_squeeze(Handle self) { return make([&] { return at::squeeze(*self); }); }
ST_API Handle st_squeeze_dim(Handle self, int64_t dim) { return make([&] { return at::squeeze(*self, dim); }); }
ST_API int32_t st_squeeze_(Handle self) { return act([&] { self->squeeze_(); }); }
ST_API int32_t st_squeeze_dim_(Handle self, int64_t dim) { return act([&] { self->squeeze_(dim); }); }
ST_API Handle st_unsqueeze(Handle self, int64_t dim) { return make([&] { return at::unsqueeze(*self, dim); }); }
ST_API int32_t st_unsqueeze_(Handle self, int64_t dim) { return act([&] { self->unsqueeze_(dim); }); }

ST_API Handle st_transpose(Handle self, int64_t dim0, int64_t dim1)
{
    return make([&] { return at::transpose(*self, dim0, dim1); });
}

ST_API int32_t st_transpose_(Handle self, int64_t dim0, int64_t dim1)
{
    return act([&] { self->transpose_(dim0, dim1); });
}

ST_API Handle st_movedim(Handle self, const int64_t* source, const int64_t* destination, int32_t count)
{
    return make([&] { return at::movedim(*self, to_dims(source, count), to_dims(destination, count)); });
}

ST_API Handle st_as_strided(Handle self, const int64_t* sizes, const int64_t* strides, int32_t count, int64_t offset)
{
    return make([&] { return at::as_strided(*self, to_dims(sizes, count), to_dims(strides, count), offset); });
}

ST_API Handle st_unfold(Handle self, int64_t dim, int64_t size, int64_t step)
{
    return make([&] { return self->unfold(dim, size, step); });
}

ST_API Handle st_narrow(Handle self, int64_t dim, int64_t start, int64_t length)
{
    return make([&] { return at::narrow(*self, dim, start, length); });
}

ST_API Handle st_slice(Handle self, int64_t dim, int64_t start, int64_t finish, int64_t step)
{
    return make([&] { return at::slice(*self, dim, start, finish, step); });
}

ST_API Handle st_select(Handle self, int64_t dim, int64_t index)
{
    return make([&] { return at::select(*self, dim, index); });
}

ST_API Handle st_roll(Handle self, const int64_t* shifts, int32_t shift_count, const int64_t* dims, int32_t dim_count)
{
    return make([&] { return at::roll(*self, to_dims(shifts, shift_count), to_dims(dims, dim_count)); });
}

ST_API Handle st_repeat_interleave(Handle self, Handle repeats, const int64_t* dim, const int64_t* output_size)
{
    auto optional = [](const int64_t* value) { return value == nullptr ? c10::nullopt : c10::make_optional(*value); };
    return make([&] { return at::repeat_interleave(*self, *repeats, optional(dim), optional(output_size)); });
}

ST_API Handle st_repeat_interleave_number(Handle self, int64_t repeats, const int64_t* dim, const int64_t* output_size)
{
    auto optional = [](const int64_t* value) { return value == nullptr ? c10::nullopt : c10::make_optional(*value); };
    return make([&] { return at::repeat_interleave(*self, repeats, optional(dim), optional(output_size)); });
}

ST_API Handle st_diagonal(Handle self, int64_t offset, int64_t dim1, int64_t dim2)
{
    return make([&] { return at::diagonal(*self, offset, dim1, dim2); });
}

ST_API Handle st_diag(Handle self, int64_t diagonal) { return make([&] { return at::diag(*self, diagonal); }); }
ST_API Handle st_tril(Handle self, int64_t diagonal) { return make([&] { return at::tril(*self, diagonal); }); }
ST_API Handle st_triu(Handle self, int64_t diagonal) { return make([&] { return at::triu(*self, diagonal); }); }
ST_API int32_t st_tril_(Handle self, int64_t diagonal) { return act([&] { self->tril_(diagonal); }); }
ST_API int32_t st_triu_(Handle self, int64_t diagonal) { return act([&] { self->triu_(diagonal); }); }

// --- joins ------------------------------------------------------------------------------------------------------------

#define JOIN_ALONG(name) \
    ST_API Handle st_##name(const Handle* tensors, int32_t count, int64_t dim) \
    { \
        return make([&] { return at::name(to_tensors(tensors, count), dim); }); \
    }
#define JOIN(name) \
    ST_API Handle st_##name(const Handle* tensors, int32_t count) { return make([&] { return at::name(to_tensors(tensors, count)); }); }

JOIN_ALONG(cat)
JOIN_ALONG(stack)
JOIN(hstack)
JOIN(vstack)
JOIN(dstack)
JOIN(column_stack)

// --- splits -----------------------------------------------------------------------------------------------------------

ST_API int32_t st_chunk(Handle self, int64_t chunks, int64_t dim, Handle** results, int32_t* count)
{
    return act([&] { give_list(at::chunk(*self, chunks, dim), results, count); });
}

ST_API int32_t st_split(Handle self, int64_t size, int64_t dim, Handle** results, int32_t* count)
{
    return act([&] { give_list(at::split(*self, size, dim), results, count); });
}

ST_API int32_t st_split_sizes(Handle self, const int64_t* sizes, int32_t size_count, int64_t dim, Handle** results, int32_t* count)
{
    return act([&] { give_list(at::split_with_sizes(*self, to_dims(sizes, size_count), dim), results, count); });
}

ST_API int32_t st_unbind(Handle self, int64_t dim, Handle** results, int32_t* count)
{
    return act([&] { give_list(at::unbind(*self, dim), results, count); });
}
