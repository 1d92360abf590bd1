using System.Collections;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Modules by name, in order.</summary>
    public class ModuleDict<T> : nn.Module, IDictionary<string, T>, IList<(string, T)>
        where T : nn.Module
    {
        private readonly Utils.OrderedDict<string, T> _items = [];

        public ModuleDict()
            : base(nameof(ModuleDict<T>))
        {
        }

        public int Count => _items.Count;

        public bool IsReadOnly => false;

        public ICollection<string> Keys => _items.Keys;

        public ICollection<T> Values => _items.Values;

        public T this[string key]
        {
            get => _items[key];
            set
            {
                _items[key] = value;
                Changed();
            }
        }

        public (string, T) this[int index]
        {
            get => _items[index];
            set
            {
                _items[index] = (value.Item1, value.Item2);
                Changed();
            }
        }

        public void Add(string key, T value) => Insert(Count, (key, value));

        public void Add((string, T) item) => Insert(Count, item);

        public void Add(KeyValuePair<string, T> item) => Insert(Count, (item.Key, item.Value));

        public void Insert(int index, (string, T) item)
        {
            _items.Insert(index, (item.Item1, item.Item2));
            Changed();
        }

        public bool Remove(string key)
        {
            bool removed = _items.Remove(key);
            Changed();
            return removed;
        }

        public bool Remove((string, T) item) => _items.Contains(item) && Remove(item.Item1);

        public bool Remove(KeyValuePair<string, T> item) => Remove((item.Key, item.Value));

        public void RemoveAt(int index)
        {
            _items.RemoveAt(index);
            Changed();
        }

        public void Clear()
        {
            _items.Clear();
            Changed();
        }

        public bool ContainsKey(string key) => _items.ContainsKey(key);

        public bool Contains((string, T) item) => _items.Contains(item);

        public bool Contains(KeyValuePair<string, T> item) => _items.Contains(item);

        public int IndexOf((string, T) item) => _items.IndexOf(item);

        public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value) => _items.TryGetValue(key, out value);

        public void CopyTo((string, T)[] array, int arrayIndex) => _items.CopyTo(array, arrayIndex);

        public void CopyTo(KeyValuePair<string, T>[] array, int arrayIndex) => _items.CopyTo(array, arrayIndex);

        public IEnumerator<(string, T)> GetEnumerator() => _items.GetEnumerator();

        IEnumerator<KeyValuePair<string, T>> IEnumerable<KeyValuePair<string, T>>.GetEnumerator() =>
            ((IEnumerable<KeyValuePair<string, T>>)_items).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        // --- the same in Python's names

        public IEnumerable<string> keys() => Keys;

        public IEnumerable<T> values() => Values;

        public IEnumerator<(string, T)> items() => GetEnumerator();

        public void clear() => Clear();

        protected override void RegisterComponents()
        {
            // The modules register as they come.
        }

        private void Changed()
        {
            ClearModules();
            foreach (var (name, module) in _items)
            {
                register_module(name, module);
            }
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static ModuleDict<Module> ModuleDict(params (string, Module)[] modules) => ModuleDict<Module>(modules);

            public static ModuleDict<T> ModuleDict<T>(params (string, T)[] modules)
                where T : Module
            {
                ModuleDict<T> result = [];
                foreach (var item in modules)
                {
                    result.Add(item);
                }
                return result;
            }
        }
    }
}
