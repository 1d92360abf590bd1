// A tensor by itself: its life, its properties, its memory, conversion to other types and devices.
#include "common.h"

#include <cstring>

ST_API void st_tensor_delete(Handle self)
{
    delete self;
}

ST_API Handle st_alias(Handle self)
{
    return make([&] { return *self; });
}

// --- properties; none of these throws, allocates or blocks -----------------------------------------------------------

ST_API int64_t st_dim(Handle self) { return self->dim(); }
ST_API int64_t st_numel(Handle self) { return self->numel(); }
ST_API int64_t st_element_size(Handle self) { return static_cast<int64_t>(self->dtype().itemsize()); }
ST_API int32_t st_dtype(Handle self) { return static_cast<int32_t>(self->scalar_type()); }
ST_API int32_t st_device_type(Handle self) { return static_cast<int32_t>(self->device().type()); }
ST_API int32_t st_device_index(Handle self) { return static_cast<int32_t>(self->device().index()); }
ST_API bool st_is_contiguous(Handle self) { return self->is_contiguous(); }
ST_API bool st_is_sparse(Handle self) { return self->is_sparse(); }
ST_API bool st_requires_grad(Handle self) { return self->requires_grad(); }
ST_API bool st_is_leaf(Handle self) { return self->is_leaf(); }
ST_API int64_t st_storage_offset(Handle self) { return self->storage_offset(); }

ST_API void st_sizes(Handle self, int64_t* sizes)
{
    auto source = self->sizes();
    std::copy(source.begin(), source.end(), sizes);
}

ST_API void st_strides(Handle self, int64_t* strides)
{
    auto source = self->strides();
    std::copy(source.begin(), source.end(), strides);
}

ST_API int32_t st_data(Handle self, void** data)
{
    return act([&] { *data = self->data_ptr(); });
}

// --- the value of a tensor with one element ---------------------------------------------------------------------------

ST_API int32_t st_item(Handle self, Number* number)
{
    return act([&] {
        at::Scalar value = self->item();
        if (value.isFloatingPoint()) {
            double real = value.toDouble();
            number->kind = 1;
            std::memcpy(&number->bits, &real, sizeof real);
        } else if (value.isBoolean()) {
            *number = {2, value.toBool()};
        } else {
            TORCH_CHECK(value.isIntegral(false), "only real numbers can be read, got a value of type ", value.type());
            *number = {0, value.toLong()};
        }
    });
}

ST_API int32_t st_is_nonzero(Handle self, bool* result)
{
    return act([&] { *result = self->is_nonzero(); });
}

// --- conversion -------------------------------------------------------------------------------------------------------

ST_API Handle st_to(Handle self, int32_t dtype, int32_t device_type, int32_t device_index, bool copy, bool non_blocking)
{
    return make([&] {
        Options options{dtype, device_type, device_index, 0};
        return self->to(to_options(options), non_blocking, copy);
    });
}

ST_API Handle st_clone(Handle self) { return make([&] { return self->clone(); }); }
ST_API Handle st_contiguous(Handle self) { return make([&] { return self->contiguous(); }); }
ST_API Handle st_detach(Handle self) { return make([&] { return self->detach(); }); }
ST_API int32_t st_detach_(Handle self) { return act([&] { self->detach_(); }); }

ST_API int32_t st_copy_(Handle self, Handle source, bool non_blocking)
{
    return act([&] { self->copy_(*source, non_blocking); });
}

ST_API int32_t st_set_(Handle self, Handle source)
{
    return act([&] { self->set_(*source); });
}

ST_API int32_t st_fill_(Handle self, Number value)
{
    return act([&] { self->fill_(to_scalar(value)); });
}

UNARY_INPLACE(zero_)
