// The library as a whole: version, default type.
#include "common.h"

#include <torch/csrc/api/include/torch/version.h>

ST_API const char* st_version()
{
    return TORCH_VERSION;
}

ST_API int32_t st_get_default_dtype()
{
    return static_cast<int32_t>(at::typeMetaToScalarType(at::get_default_dtype()));
}

ST_API int32_t st_set_default_dtype(int32_t dtype)
{
    return act([&] { at::set_default_dtype(at::scalarTypeToTypeMeta(static_cast<at::ScalarType>(dtype))); });
}

ST_API int32_t st_promote_types(int32_t first, int32_t second)
{
    return static_cast<int32_t>(at::promoteTypes(static_cast<at::ScalarType>(first), static_cast<at::ScalarType>(second)));
}

ST_API int32_t st_result_type(Handle first, Handle second, int32_t* result)
{
    return act([&] { *result = static_cast<int32_t>(at::result_type(*first, *second)); });
}
