using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // The tree of modules, parameters and buffers by name.
        public partial class Module
        {
            public virtual IEnumerable<(string name, Module module)> named_children() => _internal_submodules;

            public virtual IEnumerable<Module> children() => named_children().Select(child => child.module);

            /// <summary>All submodules at any depth, without this module itself.</summary>
            public virtual IEnumerable<(string name, Module module)> named_modules()
            {
                foreach (var child in _internal_submodules)
                {
                    yield return child;
                }
                foreach (var (name, child) in _internal_submodules)
                {
                    foreach (var (inner, module) in child.named_modules())
                    {
                        yield return ($"{name}.{inner}", module);
                    }
                }
            }

            public virtual IEnumerable<Module> modules() => named_modules().Select(named => named.module);

            /// <summary>Parameters, each once however often it is registered.</summary>
            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
            {
                HashSet<nint> seen = [];
                foreach (var (name, parameter) in _internal_params)
                {
                    if (!parameter.IsInvalid && seen.Add(parameter.Handle))
                    {
                        yield return (name, parameter);
                    }
                }
                if (!recurse)
                {
                    yield break;
                }
                foreach (var (child, module) in _internal_submodules)
                {
                    foreach (var (name, parameter) in module.named_parameters(true))
                    {
                        if (!parameter.IsInvalid && seen.Add(parameter.Handle))
                        {
                            yield return ($"{child}.{name}", parameter);
                        }
                    }
                }
            }

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(named => named.parameter);

            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true)
            {
                HashSet<nint> seen = [];
                foreach (var (name, (buffer, persistent)) in _internal_buffers)
                {
                    if ((persistent || include_nonpersistent) && !buffer.IsInvalid && seen.Add(buffer.Handle))
                    {
                        yield return (name, buffer);
                    }
                }
                if (!recurse)
                {
                    yield break;
                }
                foreach (var (child, module) in _internal_submodules)
                {
                    foreach (var (name, buffer) in module.named_buffers(true, include_nonpersistent))
                    {
                        if (!buffer.IsInvalid && seen.Add(buffer.Handle))
                        {
                            yield return ($"{child}.{name}", buffer);
                        }
                    }
                }
            }

            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true) =>
                named_buffers(recurse, include_nonpersistent).Select(named => named.buffer);

            public virtual bool has_parameter(string target) =>
                _internal_params.ContainsKey(target) || Owner(target) is { } owner && owner.module.has_parameter(owner.rest);

            public virtual bool has_buffer(string target) =>
                _internal_buffers.ContainsKey(target) || Owner(target) is { } owner && owner.module.has_buffer(owner.rest);

            /// <summary>The parameter with this name, which may be a path such as rnn.weight_ih_l0; null when there is none.</summary>
            public virtual Parameter? get_parameter(string target) =>
                _internal_params.TryGetValue(target, out Parameter? parameter) ? parameter
                : Owner(target) is { } owner ? owner.module.get_parameter(owner.rest) : null;

            /// <summary>The buffer with this name, which may be a path; null when there is none.</summary>
            public virtual Tensor? get_buffer(string target) =>
                _internal_buffers.TryGetValue(target, out var buffer) ? buffer.Item1
                : Owner(target) is { } owner ? owner.module.get_buffer(owner.rest) : null;

            protected virtual (string name, Parameter parameter)[] _named_parameters() => named_parameters(false).ToArray();

            protected virtual (string name, Tensor buffer)[] _named_buffers() => named_buffers(false).ToArray();

            protected virtual Parameter[] _parameters(bool recurse = true) => parameters(recurse).ToArray();

            // --- state

            /// <summary>Parameters and persistent buffers by name: the live tensors, not copies.</summary>
            public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
            {
                destination ??= [];
                string before = string.IsNullOrEmpty(prefix) ? "" : prefix + ".";
                foreach (var (name, parameter) in named_parameters())
                {
                    destination.TryAdd(before + name, parameter);
                }
                foreach (var (name, buffer) in named_buffers(include_nonpersistent: false))
                {
                    destination.TryAdd(before + name, buffer);
                }
                foreach (var (name, module) in _internal_submodules)
                {
                    module.state_dict(destination, before + name);
                }
                return destination;
            }

            /// <summary>Copies values by name; says which names were missing and which were not expected.</summary>
            /// <exception cref="InvalidOperationException">Names differ, and <paramref name="strict"/> is true.</exception>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(
                Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
            {
                skip ??= [];
                Dictionary<string, Tensor> target = state_dict();
                List<string> unexpected = source.Keys.Where(key => !skip.Contains(key) && !target.ContainsKey(key)).ToList();
                List<string> missing = target.Keys.Where(key => !skip.Contains(key) && !source.ContainsKey(key)).ToList();
                if (strict && (missing.Count > 0 || unexpected.Count > 0))
                {
                    throw new InvalidOperationException("The loaded state_dict is not identical to the target dictionary.");
                }
                using (no_grad())
                {
                    foreach (var (key, value) in source)
                    {
                        if (!skip.Contains(key) && target.TryGetValue(key, out Tensor? own))
                        {
                            own.copy_(value);
                        }
                    }
                }
                return (missing, unexpected);
            }

            /// <summary>The child that the first part of a path names, and the rest of the path.</summary>
            private (Module module, string rest)? Owner(string target)
            {
                int dot = target.IndexOf('.');
                return dot > 0 && _internal_submodules.TryGetValue(target[..dot], out Module? child) ? (child, target[(dot + 1)..]) : null;
            }
        }
    }
}
