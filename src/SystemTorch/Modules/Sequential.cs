using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp.Modules
{
    /// <summary>Modules one after the other.</summary>
    public class Sequential : Module<Tensor, Tensor>
    {
        protected internal Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules)
            : base(nameof(Sequential))
        {
            foreach (var (name, module) in modules)
            {
                register_module(name, module);
            }
        }

        protected internal Sequential(params Module<Tensor, Tensor>[] modules)
            : base(nameof(Sequential))
        {
            foreach (Module<Tensor, Tensor> module in modules)
            {
                append(module);
            }
        }

        public int Count => _internal_submodules.Count;

        [IndexerName("SequentialItems")]
        public IModule<Tensor, Tensor> this[int index] => (IModule<Tensor, Tensor>)_internal_submodules[index].Item2;

        [IndexerName("SequentialItems")]
        public Sequential this[(int? start, int? end) index] => Part(index.start ?? 0, index.end ?? Count);

        [IndexerName("SequentialItems")]
        public Sequential this[Range index] => Part(index.Start.GetOffset(Count), index.End.GetOffset(Count));

        public Sequential append(IModule<Tensor, Tensor> module) => append(Count.ToString(), module);

        public Sequential append(string name, IModule<Tensor, Tensor> module)
        {
            register_module(name, (Module)module);
            return this;
        }

        /// <summary>What lies between two modules is disposed as soon as the next one has read it.</summary>
        public override Tensor forward(Tensor tensor)
        {
            if (Count == 0)
            {
                return tensor.alias();
            }
            Tensor current = tensor;
            for (int i = 0; i < Count; i++)
            {
                Tensor next = this[i].call(current);
                if (!ReferenceEquals(current, tensor) && !ReferenceEquals(current, next))
                {
                    current.Dispose();
                }
                current = next;
            }
            return current;
        }

        public override Module apply(Action<Module> fn) => base.apply(fn);

        public override void train(bool on = true) => base.train(on);

        public override void eval() => base.eval();

        public override IEnumerable<(string name, Module module)> named_children() => base.named_children();

        public override IEnumerable<(string name, Module module)> named_modules() => base.named_modules();

        public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) => base.named_parameters(recurse);

        public override IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_persistent = true) =>
            base.named_buffers(recurse, include_persistent);

        /// <summary>The same modules, not copies, from one place up to another.</summary>
        private Sequential Part(int start, int end)
        {
            Sequential part = new(Array.Empty<Module<Tensor, Tensor>>());
            for (int i = start; i < end; i++)
            {
                var (name, module) = _internal_submodules[i];
                part.register_module(name, module);
            }
            return part;
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Sequential Sequential() => new(Array.Empty<Module<Tensor, Tensor>>());

            public static Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) => new(modules);

            public static Sequential Sequential(params Module<Tensor, Tensor>[] modules) => new(modules);

            public static Sequential Sequential(params Tuple<string, Module<Tensor, Tensor>>[] modules) =>
                new(Array.ConvertAll(modules, module => (module.Item1, module.Item2)));

            public static Sequential Sequential(IEnumerable<(string name, Module<Tensor, Tensor> submodule)> modules) => new(modules.ToArray());

            public static Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules) => new(modules.ToArray());

            public static Sequential Sequential(IEnumerable<Tuple<string, Module<Tensor, Tensor>>> modules) =>
                new(modules.Select(module => (module.Item1, module.Item2)).ToArray());
        }
    }
}
