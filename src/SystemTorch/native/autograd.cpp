// Gradients: modes, the backward pass, and what a tensor knows about its own gradient.
#include "common.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

ST_API bool st_is_grad_enabled()
{
    return at::GradMode::is_enabled();
}

ST_API void st_set_grad_enabled(bool enabled)
{
    at::GradMode::set_enabled(enabled);
}

ST_API bool st_is_inference_mode()
{
    return c10::InferenceMode::is_enabled();
}

ST_API void* st_inference_mode_enter(bool enabled)
{
    return new c10::InferenceMode(enabled);
}

ST_API void st_inference_mode_leave(void* guard)
{
    delete static_cast<c10::InferenceMode*>(guard);
}

ST_API int32_t st_set_requires_grad(Handle self, bool requires_grad)
{
    return act([&] { self->set_requires_grad(requires_grad); });
}

ST_API int32_t st_retain_grad(Handle self)
{
    return act([&] { self->retain_grad(); });
}

// Null, without an error, when there is no gradient.
ST_API int32_t st_grad(Handle self, Handle* result)
{
    return act([&] {
        const at::Tensor& grad = self->grad();
        *result = grad.defined() ? new at::Tensor(grad) : nullptr;
    });
}

ST_API int32_t st_set_grad(Handle self, Handle grad)
{
    return act([&] { self->mutable_grad() = or_undefined(grad); });
}

ST_API int32_t st_backward(
    const Handle* tensors, int32_t tensor_count, const Handle* grads, int32_t grad_count,
    bool retain_graph, bool create_graph, const Handle* inputs, int32_t input_count)
{
    return act([&] {
        torch::autograd::backward(
            to_tensors(tensors, tensor_count), to_tensors(grads, grad_count), retain_graph, create_graph,
            to_tensors(inputs, input_count));
    });
}

// Results for inputs that do not take part are null.
ST_API int32_t st_autograd_grad(
    const Handle* outputs, int32_t output_count, const Handle* inputs, int32_t input_count,
    const Handle* grad_outputs, int32_t grad_count, bool retain_graph, bool create_graph, bool allow_unused, Handle* results)
{
    return act([&] {
        auto grads = torch::autograd::grad(
            to_tensors(outputs, output_count), to_tensors(inputs, input_count), to_tensors(grad_outputs, grad_count),
            retain_graph, create_graph, allow_unused);
        for (size_t i = 0; i < grads.size(); ++i) {
            results[i] = grads[i].defined() ? new at::Tensor(grads[i]) : nullptr;
        }
    });
}
