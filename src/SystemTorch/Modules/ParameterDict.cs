using System.Collections;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Parameters by name, in order.</summary>
    public class ParameterDict : nn.Module, IDictionary<string, Parameter>, IList<(string, Parameter)>
    {
        public ParameterDict()
            : base(nameof(ParameterDict))
        {
        }

        public int Count => _internal_params.Count;

        public bool IsReadOnly => false;

        public ICollection<string> Keys => _internal_params.Keys;

        public ICollection<Parameter> Values => _internal_params.Values;

        public Parameter this[string key]
        {
            get => _internal_params[key];
            set => _internal_params[key] = Own(value);
        }

        public (string, Parameter) this[int index]
        {
            get => _internal_params[index];
            set => _internal_params[index] = (value.Item1, Own(value.Item2));
        }

        public void Add(string key, Parameter value) => Insert(Count, (key, value));

        public void Add((string, Parameter) item) => Insert(Count, item);

        public void Add(KeyValuePair<string, Parameter> item) => Insert(Count, (item.Key, item.Value));

        public void Insert(int index, (string, Parameter) item) =>
            _internal_params.Insert(index, (item.Item1, Own(item.Item2)));

        public bool Remove(string key) => _internal_params.Remove(key);

        public bool Remove((string, Parameter) item) => _internal_params.Contains(item) && Remove(item.Item1);

        public bool Remove(KeyValuePair<string, Parameter> item) => Remove((item.Key, item.Value));

        public void RemoveAt(int index) => _internal_params.RemoveAt(index);

        public void Clear() => _internal_params.Clear();

        public bool ContainsKey(string key) => _internal_params.ContainsKey(key);

        public bool Contains((string, Parameter) item) => _internal_params.Contains(item);

        public bool Contains(KeyValuePair<string, Parameter> item) => _internal_params.Contains(item);

        public int IndexOf((string, Parameter) item) => _internal_params.IndexOf(item);

        public bool TryGetValue(string key, [MaybeNullWhen(false)] out Parameter value) => _internal_params.TryGetValue(key, out value);

        public void CopyTo((string, Parameter)[] array, int arrayIndex) => _internal_params.CopyTo(array, arrayIndex);

        public void CopyTo(KeyValuePair<string, Parameter>[] array, int arrayIndex) => _internal_params.CopyTo(array, arrayIndex);

        public IEnumerator<(string, Parameter)> GetEnumerator() => _internal_params.GetEnumerator();

        IEnumerator<KeyValuePair<string, Parameter>> IEnumerable<KeyValuePair<string, Parameter>>.GetEnumerator() =>
            ((IEnumerable<KeyValuePair<string, Parameter>>)_internal_params).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        // --- the same in Python's names

        public IEnumerable<string> keys() => Keys;

        public IEnumerable<Parameter> values() => Values;

        public IEnumerator<(string, Parameter)> items() => GetEnumerator();

        public void clear() => Clear();

        public override bool has_parameter(string target) => base.has_parameter(target);

        public override Parameter? get_parameter(string target) => base.get_parameter(target);

        public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse) => base.named_parameters(recurse);

        protected override void RegisterComponents()
        {
            // The dictionary is the registry itself.
        }

        private static Parameter Own(Parameter parameter)
        {
            parameter.DetachFromDisposeScope();
            return parameter;
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static ParameterDict ParameterDict(params (string, Parameter)[] parameters)
            {
                ParameterDict result = [];
                foreach (var item in parameters)
                {
                    result.Add(item);
                }
                return result;
            }
        }
    }
}
