using System.Collections;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A list of parameters, registered under their places.</summary>
    public class ParameterList : nn.Module, IList<Parameter>
    {
        private readonly List<Parameter> _list = [];

        public ParameterList(params Parameter[] parameters)
            : base(nameof(ParameterList)) => extend(parameters);

        public int Count => _list.Count;

        public bool IsReadOnly => false;

        public Parameter this[int index]
        {
            get => _list[index];
            set
            {
                _list[index] = value;
                Register();
            }
        }

        public void Add(Parameter item) => Insert(Count, item);

        public void append(params Parameter[] parameters) => extend(parameters);

        public void extend(IEnumerable<Parameter> parameters)
        {
            _list.AddRange(parameters);
            Register();
        }

        public void Insert(int index, Parameter item)
        {
            _list.Insert(index, item);
            Register();
        }

        public bool Remove(Parameter item)
        {
            bool removed = _list.Remove(item);
            Register();
            return removed;
        }

        public void RemoveAt(int index)
        {
            _list.RemoveAt(index);
            Register();
        }

        public void Clear()
        {
            _list.Clear();
            Register();
        }

        public bool Contains(Parameter item) => _list.Contains(item);

        public int IndexOf(Parameter item) => _list.IndexOf(item);

        public void CopyTo(Parameter[] array, int arrayIndex) => _list.CopyTo(array, arrayIndex);

        public IEnumerator<Parameter> GetEnumerator() => _list.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override bool has_parameter(string target) => base.has_parameter(target);

        public override Parameter? get_parameter(string target) => base.get_parameter(target);

        public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) => base.named_parameters(recurse);

        protected override void RegisterComponents()
        {
            // The parameters register as they come.
        }

        protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
        {
            base._toEpilog(dtype, device, non_blocking);
            for (int i = 0; i < _list.Count; i++)
            {
                _list[i] = _internal_params[i.ToString()];
            }
        }

        private void Register()
        {
            _internal_params.Clear();
            for (int i = 0; i < _list.Count; i++)
            {
                _list[i].DetachFromDisposeScope();
                _internal_params.Add(i.ToString(), _list[i]);
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
            public static ParameterList ParameterList(params Parameter[] parameters) => new(parameters);
        }
    }
}
