using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace TorchSharp.Modules;

/// <summary>Base of the optimizers: groups of parameters with options, and a state for each parameter.</summary>
public abstract class OptimizerHelper : Optimizer
{
    protected OptimizerOptions _defaults = new();
    protected OrderedDict<nint, OptimizerState> _state = [];

    public OptimizerHelper()
        : base(0)
    {
    }

    public override IEnumerable<Parameter> parameters() => base.parameters();

    public override void add_param_group(ParamGroup param_group) => base.add_param_group(param_group);

    public override void zero_grad() => base.zero_grad();

    /// <summary>The live options and states.</summary>
    public virtual StateDictionary state_dict()
    {
        StateDictionary dictionary = new();
        foreach (ParamGroup group in _parameter_groups)
        {
            List<int> places = [];
            dictionary.Options.Add(group.Options);
            foreach (Parameter parameter in group.Parameters)
            {
                places.Add(dictionary.State.Count);
                dictionary.State.Add(_state[parameter.Handle]);
            }
            dictionary.StateIndexRef.Add(places);
        }
        return dictionary;
    }

    /// <summary>Copies options and states from an optimizer of the same make.</summary>
    /// <exception cref="ArgumentException">The numbers of groups or states differ.</exception>
    public virtual void load_state_dict(StateDictionary state_dict)
    {
        StateDictionary own = this.state_dict();
        RequireSame(own, state_dict.Options.Count, state_dict.State.Count);
        foreach (var (target, source) in own.Options.Zip(state_dict.Options))
        {
            if (!ReferenceEquals(target, source))
            {
                target.LoadStateDict(source);
            }
        }
        foreach (var (target, source) in own.State.Zip(state_dict.State))
        {
            if (!ReferenceEquals(target, source))
            {
                target.LoadStateDict(source);
            }
        }
    }

    public void save_state_dict(string location)
    {
        using BinaryWriter writer = new(File.Create(location));
        save_state_dict(writer);
    }

    public void save_state_dict(BinaryWriter writer)
    {
        StateDictionary own = state_dict();
        writer.Write(GetType().Name);
        writer.Encode(own.Options.Count);
        writer.Encode(own.State.Count);
        own.Options.ForEach(options => options.SaveStateDict(writer));
        own.State.ForEach(state => state.SaveStateDict(writer));
    }

    public void load_state_dict(string location)
    {
        using BinaryReader reader = new(File.OpenRead(location));
        load_state_dict(reader);
    }

    /// <exception cref="InvalidDataException">Another optimizer wrote the data.</exception>
    public void load_state_dict(BinaryReader reader)
    {
        string name = reader.ReadString();
        if (name != GetType().Name)
        {
            throw new InvalidDataException($"Mismatched optimizer type: expected '{GetType().Name}', but found '{name}' in the loaded stream.");
        }
        StateDictionary own = state_dict();
        long options = reader.Decode(), states = reader.Decode();
        RequireSame(own, options, states);
        own.Options.ForEach(option => option.LoadStateDict(reader));
        own.State.ForEach(state => state.LoadStateDict(reader));
    }

    public void to(Device device)
    {
        foreach (var (_, state) in _state)
        {
            state.to(device);
        }
    }

    /// <summary>Evaluates the closure with gradients, then runs the rule over every group without, in a scope of its own.</summary>
    protected Tensor _step<T>(Action<T> body, Func<Tensor>? loss_closure = null)
        where T : ParamGroup
    {
        Tensor? loss = null;
        if (loss_closure is not null)
        {
            using IDisposable recorded = enable_grad();
            loss = loss_closure();
        }
        using (no_grad())
        using (NewDisposeScope())
        {
            foreach (ParamGroup group in _parameter_groups)
            {
                body((T)group);
            }
        }
        return loss!;
    }

    private protected void DisposeStates()
    {
        foreach (IDisposable state in _state.Values.OfType<IDisposable>())
        {
            state.Dispose();
        }
        _state.Clear();
        _parameter_groups.Clear();
    }

    /// <summary>Adds a group whose options are complete, with a new state for each of its parameters.</summary>
    private protected void AddGroup(ParamGroup group, Func<Parameter, OptimizerState> newState)
    {
        group.Options.InitialLearningRate = group.Options.LearningRate!.Value;
        // Once: a lazy enumeration of a module's parameters would walk the module at every step.
        group.Parameters = group.Parameters.ToList();
        _parameter_groups.Add(group);
        foreach (Parameter parameter in group.Parameters)
        {
            OptimizerState state = newState(parameter);
            state.Initialize(group.Options);
            _state[parameter.Handle] = state;
        }
    }

    /// <summary>The parameters of a group that have a gradient, with that and their state.</summary>
    private protected IEnumerable<(Parameter parameter, Tensor grad, TState state)> WithGradients<TState>(ParamGroup group, bool maximize)
        where TState : OptimizerState
    {
        foreach (Parameter parameter in group.Parameters)
        {
            if (parameter.grad is { } grad)
            {
                yield return (parameter, maximize ? grad.neg() : grad, (TState)_state[parameter.Handle]);
            }
        }
    }

    private static void RequireSame(StateDictionary own, long options, long states)
    {
        if (options != own.Options.Count)
        {
            throw new ArgumentException($"Invalid optimizer state -- different number of parameter groups: expected {own.Options.Count}, but found {options}.");
        }
        if (states != own.State.Count)
        {
            throw new ArgumentException($"Invalid optimizer state -- different number of states: expected {own.State.Count}, but found {states}.");
        }
    }
}
