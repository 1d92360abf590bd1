// A node of libtorch's graph whose backward pass is written in C#.
#include "common.h"

#include <torch/csrc/autograd/custom_function.h>

using namespace torch::autograd;

// What the node calls back. `apply` reads `input_count` gradients, writes `output_count` handles (null: no gradient) that
// now belong to the node, and returns null or the text of an error. `release` ends the life of the context.
struct ManagedCallbacks {
    const char* (*apply)(void* context, const Handle* inputs, int32_t input_count, Handle* outputs, int32_t output_count);
    void (*release)(void* context);
};

namespace {
class ManagedNode : public Node {
public:
    ManagedNode(std::string name, ManagedCallbacks callbacks, void* context)
        : name_(std::move(name)), callbacks_(callbacks), context_(context) {}

    ~ManagedNode() override { callbacks_.release(context_); }

    std::string name() const override { return name_; }

    variable_list apply(variable_list&& inputs) override
    {
        at::OptionalDeviceGuard device_guard;
        std::vector<Handle> grads(inputs.size());
        for (size_t i = 0; i < inputs.size(); ++i) {
            bool missing = !inputs[i].defined();
            if (missing && materialize_grads) {
                inputs[i] = output_info[i].zeros(device_guard);
                missing = false;
            }
            grads[i] = missing ? nullptr : new at::Tensor(inputs[i]);
        }

        // The managed side may keep state in its context: one backward pass at a time.
        std::lock_guard<std::mutex> lock(mutex_);
        std::vector<Handle> handles(num_outputs(), nullptr);
        const char* error = callbacks_.apply(
            context_, grads.data(), static_cast<int32_t>(grads.size()), handles.data(), static_cast<int32_t>(handles.size()));
        variable_list results;
        results.reserve(handles.size());
        for (Handle handle : handles) {
            results.push_back(or_undefined(handle));
            delete handle;
        }
        if (error != nullptr) {
            throw std::runtime_error(error);
        }
        return results;
    }

    void release_variables() override
    {
        std::lock_guard<std::mutex> lock(mutex_);
        saved_.clear();
        released_ = true;
    }

    void save_variables(const std::shared_ptr<Node>& self)
    {
        saved_.clear();
        for (const at::Tensor& variable : to_save) {
            if (variable.defined()) {
                bool is_output = variable.grad_fn() == self;
                saved_.emplace_back(variable, is_output);
            } else {
                saved_.emplace_back();
            }
        }
        to_save.clear();
    }

    variable_list saved_variables()
    {
        TORCH_CHECK(!released_, ERR_BACKWARD_TWICE);
        variable_list variables;
        variables.reserve(saved_.size());
        for (const SavedVariable& saved : saved_) {
            variables.push_back(saved.unpack(shared_from_this()));
        }
        return variables;
    }

    variable_list to_save;
    std::unordered_set<at::TensorImpl*> dirty;
    std::unordered_set<at::TensorImpl*> non_differentiable;
    std::vector<VariableInfo> output_info;
    bool materialize_grads = true;

private:
    std::string name_;
    ManagedCallbacks callbacks_;
    void* context_;
    std::vector<SavedVariable> saved_;
    bool released_ = false;
};

using NodeHandle = std::shared_ptr<ManagedNode>*;
}

// A node for the graph of `inputs`; the caller holds it until st_node_delete(), the graph as long as it needs it.
// `executable` says whether a gradient can be asked for at all.
ST_API NodeHandle st_node_new(
    const char* name, ManagedCallbacks callbacks, void* context, const Handle* inputs, int32_t count, bool* executable)
{
    NodeHandle handle = nullptr;
    int32_t failed = act([&] {
        auto variables = to_tensors(inputs, count);
        *executable = at::GradMode::is_enabled() && any_variable_requires_grad(variables);
        std::shared_ptr<ManagedNode> node(new ManagedNode(name, callbacks, context), deleteNode);
        node->set_next_edges(*executable ? collect_next_edges(variables) : edge_list(variables.size()));
        node->clear_input_metadata();
        handle = new std::shared_ptr<ManagedNode>(std::move(node));
    });
    return failed != 0 ? nullptr : handle;
}

ST_API void st_node_delete(NodeHandle node)
{
    delete node;
}

// The address under which the node's own callbacks know it: valid as long as the node lives.
ST_API void* st_node_address(NodeHandle node)
{
    return node->get();
}

// What forward() said through its context.
ST_API int32_t st_node_settings(
    NodeHandle handle, const Handle* to_save, int32_t save_count, const Handle* dirty, int32_t dirty_count,
    const Handle* non_differentiable, int32_t non_differentiable_count, bool materialize_grads)
{
    return act([&] {
        ManagedNode& node = **handle;
        node.to_save = to_tensors(to_save, save_count);
        for (const at::Tensor& tensor : to_tensors(dirty, dirty_count)) {
            node.dirty.insert(tensor.unsafeGetTensorImpl());
            tensor.unsafeGetTensorImpl()->bump_version();
        }
        for (const at::Tensor& tensor : to_tensors(non_differentiable, non_differentiable_count)) {
            node.non_differentiable.insert(tensor.unsafeGetTensorImpl());
        }
        node.materialize_grads = materialize_grads;
    });
}

// Joins the outputs of forward() to the graph and hands them over anew.
ST_API int32_t st_node_wrap_outputs(
    NodeHandle handle, const Handle* inputs, int32_t input_count, const Handle* outputs, int32_t output_count,
    bool executable, Handle* results)
{
    return act([&] {
        ManagedNode& node = **handle;
        std::vector<c10::optional<at::Tensor>> raw;
        for (int32_t i = 0; i < output_count; ++i) {
            raw.push_back(to_optional(outputs[i]));
        }
        _jvp_fn_t no_forward_mode = [](variable_list, variable_list) -> variable_list {
            TORCH_CHECK(false, "forward mode differentiation is not implemented for custom functions");
        };
        std::shared_ptr<Node> base = *handle;
        auto wrapped = _wrap_outputs(
            to_tensors(inputs, input_count), node.non_differentiable, node.dirty, raw, executable ? base : nullptr, no_forward_mode);

        for (size_t i = 0; i < wrapped.size(); ++i) {
            bool present = wrapped[i].has_value() && wrapped[i]->defined();
            if (executable) {
                present ? node.output_info.emplace_back(*wrapped[i]) : node.output_info.emplace_back();
            }
            results[i] = present ? new at::Tensor(*wrapped[i]) : nullptr;
        }
        if (executable) {
            node.save_variables(base);
        }
    });
}

// What forward() saved, checked against changes in place. `address` is that of st_node_address().
ST_API int32_t st_node_saved_variables(void* address, Handle** results, int32_t* count)
{
    return act([&] { give_list(static_cast<ManagedNode*>(address)->saved_variables(), results, count); });
}
