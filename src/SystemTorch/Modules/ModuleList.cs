using System.Collections;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A list of modules, registered under their places.</summary>
    public class ModuleList<T> : nn.Module, IList<T>
        where T : nn.Module
    {
        private readonly List<T> _list = [];
        private bool _registered;

        public ModuleList(params T[] modules)
            : base(nameof(ModuleList<T>)) => _list.AddRange(modules);

        public int Count => _list.Count;

        public bool IsReadOnly => _registered;

        public T this[int index]
        {
            get => _list[index];
            set
            {
                RequireOpen();
                _list[index] = value;
            }
        }

        public void Add(T item) => Insert(Count, item);

        public void append(params T[] parameters) => extend(parameters);

        public void extend(IEnumerable<T> modules)
        {
            RequireOpen();
            _list.AddRange(modules);
        }

        public void Insert(int index, T item)
        {
            RequireOpen();
            _list.Insert(index, item);
        }

        public bool Remove(T item)
        {
            RequireOpen();
            return _list.Remove(item);
        }

        public void RemoveAt(int index)
        {
            RequireOpen();
            _list.RemoveAt(index);
        }

        public void Clear()
        {
            RequireOpen();
            _list.Clear();
        }

        public bool Contains(T item) => _list.Contains(item);

        public int IndexOf(T item) => _list.IndexOf(item);

        public void CopyTo(T[] array, int arrayIndex) => _list.CopyTo(array, arrayIndex);

        public IEnumerator<T> GetEnumerator() => _list.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        protected override void RegisterComponents()
        {
            if (_registered)
            {
                return;
            }
            _registered = true;
            for (int i = 0; i < _list.Count; i++)
            {
                register_module(i.ToString(), _list[i]);
            }
        }

        private void RequireOpen()
        {
            if (_registered)
            {
                throw new InvalidOperationException("The module list is registered, and cannot change any more.");
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
            public static ModuleList<Module> ModuleList(params Module[] modules) => new(modules);

            public static ModuleList<T> ModuleList<T>(params T[] modules)
                where T : Module => new(modules);
        }
    }
}
