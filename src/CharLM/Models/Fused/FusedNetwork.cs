using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;

namespace CharLM.Models.Fused;

/// <summary>
/// A whole language model on the kernels: from token ids to the loss and back to the gradients of all weights, without torch
/// operations and, after the first minibatch, without allocations.
/// </summary>
/// <remarks>
/// The rows of a minibatch are distributed among the workers, which go through all layers and steps, forwards and backwards, without
/// waiting for each other (<see cref="WorkStealing"/>); then they divide the weight gradients by parts of the rows, so that each reads
/// mostly what it wrote, and by gates, and at last add up the parts. The order of every sum, and so every result, is independent of the
/// workers.
/// </remarks>
internal sealed class FusedNetwork : IDisposable
{
    // Packing and weight gradients are split into more tasks than workers, so that a slower worker gets fewer, and so that the parts of a
    // gradient are in a cache when they are added up.
    private const int TasksOfWorker = 4;

    // The output layer takes at least this many rows at a time: its weights may exceed the caches, so they should be read rarely.
    private const int RowsOfOutput = 256;

    // Separate the random numbers of dropout at the input and output from those between the stack's layers.
    private const ulong InputDropoutKey = 1UL << 56, OutputDropoutKey = 2UL << 56, SampleKey = 4UL << 56;

    private readonly Workers _workers;
    private readonly TokenRows _tokens;
    private readonly EmbeddingPass? _embedding;
    private readonly FusedStack _stack;
    private readonly OutputPass _output;
    private readonly SampledOutput? _sampled;
    private readonly DropoutPass? _inputDropout, _outputDropout;
    private readonly TiedWeight? _tied;
    private readonly double _tokenDropout;
    private readonly bool _locked;
    private readonly WorkStealing _sharing;
    private readonly Action<int> _pack, _rows, _partialGradients, _weightGradients;
    private readonly int _vocabSize;
    private int[] _targets = [];
    private float[] _nats = [];
    private readonly ThreadTuner _choice;
    private RowLayout _layout;
    private int _stepsOfOutput, _predicted, _active = 1, _tasks = 1;
    private bool _backward, _packed, _measures;
    private ulong? _dropoutKey;

    /// <summary>A network over weights owned by others.</summary>
    /// <param name="config">The configuration of the model.</param>
    /// <param name="vocabSize">Number of tokens in the vocab.</param>
    /// <param name="weights">The weights, by PyTorch's names.</param>
    /// <param name="workers">The threads that share the work; the caller owns them.</param>
    /// <param name="width">The registers to use; default the widest.</param>
    /// <param name="sampled">
    /// Tokens of the vocab on which a minibatch learns the output layer; default 0: all. Above 0, the network only learns.
    /// </param>
    public FusedNetwork(
        ModelConfig config, int vocabSize, FusedWeights weights, Workers workers, LaneWidth width = LaneWidth.Best, int sampled = 0)
    {
        (_workers, _vocabSize, _choice, _sharing) = (
            workers, vocabSize, new ThreadTuner(workers.Count, workers.IsFixed), new WorkStealing(workers.Count));
        _tokens = new TokenRows(vocabSize);
        if (config.EmbeddingSize > 0)
            _embedding = new EmbeddingPass(weights["embedding.weight"], config.EmbeddingSize, _tokens);
        _stack = new FusedStack(
            config, weights.Layers("rnn.", config.NumLayers), config.EmbeddingSize, _embedding is null ? _tokens : null, width);
        RawWeight outputWeight = weights[config.TieWeights ? "embedding.weight" : "linear.weight"], bias = weights["linear.bias"];
        if (sampled > 0)
        {
            _output = _sampled = new SampledOutput(
                width, outputWeight, bias, vocabSize, config.NumHiddens, sampled, isShared: config.TieWeights);
        }
        else
        {
            if (config.TieWeights)
                outputWeight = (_tied = new TiedWeight(outputWeight)).Twin;
            _output = PassFactory.Output(width, outputWeight, bias, vocabSize, config.NumHiddens);
        }
        if (config.InputDropout > 0 && _embedding is not null)
            _inputDropout = new DropoutPass(config.InputDropout, config.EmbeddingSize, config.LockedDropout);
        (_tokenDropout, _locked) = (_embedding is null ? config.InputDropout : 0, config.LockedDropout);
        if (config.OutputDropout > 0)
            _outputDropout = new DropoutPass(config.OutputDropout, config.NumHiddens, config.LockedDropout);
        _pack = Pack;
        _rows = Rows;
        _partialGradients = PartialGradients;
        _weightGradients = WeightGradients;
    }

    /// <summary>The recurrent layers and their state.</summary>
    public FusedStack Stack => _stack;

    /// <summary>The surprisal of a token of the last minibatch, in nats.</summary>
    public float Nats(int step, int sequence) => _nats[_layout.Row(step + 1, sequence)];

    /// <summary>Computes the mean loss of a minibatch and the gradients of all weights.</summary>
    /// <param name="inputs">Token ids [batch, steps].</param>
    /// <param name="targets">The tokens that follow them; negative where nothing is predicted, but not everywhere.</param>
    /// <param name="batch">Number of sequences.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="dropoutKey">Seeds dropout.</param>
    /// <param name="gradientScales">
    /// Factors of the state's gradient from each step to the one before, [steps]; default empty: 1.
    /// </param>
    /// <param name="share">The rows of a whole minibatch that the sequences are; default: all.</param>
    /// <param name="targetsOfAll">The targets in the whole minibatch, over which the loss is a mean; default 0: those given.</param>
    /// <returns>Nats per token of the whole minibatch: what these rows add to its mean.</returns>
    public double Learn(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int batch, int steps, ulong dropoutKey,
        ReadOnlySpan<float> gradientScales = default, RowShare? share = null, int targetsOfAll = 0)
    {
        Begin(inputs, batch, steps, backward: true, dropoutKey, share);
        _stack.SetGradientScales(gradientScales);
        SetTargets(targets, mayLack: true);
        if (targetsOfAll > 0)
            _predicted = targetsOfAll;
        _sampled?.Draw(_targets, dropoutKey + SampleKey);
        _stack.ZeroStateGradient();
        _workers.Run(_active, _tasks, _pack);
        RunRows();
        RunGradients();
        _tied?.AddGradients();
        _sampled?.Scatter();
        _choice.End();
        _packed = false; // the caller will use the gradients to change the weights
        return Total() / _predicted;
    }

    /// <summary>Computes the surprisal of each token of a minibatch, <see cref="Nats"/>, without dropout.</summary>
    /// <returns>The sum, in nats.</returns>
    /// <inheritdoc cref="Learn"/>
    public double Measure(ReadOnlySpan<int> inputs, ReadOnlySpan<int> targets, int batch, int steps)
    {
        Begin(inputs, batch, steps, backward: false, null);
        SetTargets(targets);
        Forward();
        return Total();
    }

    /// <summary>Computes the logits after each token, for <see cref="CopyLogits"/>.</summary>
    /// <inheritdoc cref="Learn"/>
    public void Predict(ReadOnlySpan<int> inputs, int batch, int steps)
    {
        Begin(inputs, batch, steps, backward: false, null);
        Forward();
    }

    /// <summary>Copies the logits after one step of one sequence.</summary>
    /// <param name="step">The step.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="logits">Receives [vocab].</param>
    public unsafe void CopyLogits(int step, int sequence, Span<float> logits)
    {
        Panels all = _output.Logits;
        int row = _layout.Row(step + 1, sequence);
        for (int token = 0; token < _vocabSize; token += Panels.Width)
        {
            int count = Math.Min(Panels.Width, _vocabSize - token);
            new ReadOnlySpan<float>(all.At(token / Panels.Width, row), count).CopyTo(logits.Slice(token, count));
        }
    }

    /// <summary>Packs the tokens' contributions to the first layer once for the whole vocab instead of for each minibatch.</summary>
    public void HoldAllTokens() => _tokens.HoldAll();

    /// <summary>Notifies that the weights have changed since the last minibatch.</summary>
    public void WeightsChanged() => _packed = false;

    /// <inheritdoc/>
    public void Dispose()
    {
        _stack.Dispose();
        _output.Dispose();
        _embedding?.Dispose();
        _inputDropout?.Dispose();
        _outputDropout?.Dispose();
        _tied?.Dispose();
    }

    private void Begin(ReadOnlySpan<int> inputs, int batch, int steps, bool backward, ulong? dropoutKey, RowShare? share = null)
    {
        RowShare all = share ?? RowShare.All(batch);
        _layout = new RowLayout(batch, steps);
        // A forward pass does not pack what only the backward pass needs.
        if (backward && !_backward)
            _packed = false;
        _backward = backward;
        _tokens.Resize(_layout);
        _tokens.Set(inputs);
        _dropoutKey = dropoutKey;
        if (dropoutKey is { } key)
        {
            if (_tokenDropout > 0)
                _tokens.Drop(_tokenDropout, all, key + InputDropoutKey, _locked);
            _inputDropout?.Resize(_layout, all);
            _outputDropout?.Resize(_layout, all);
        }
        if (_targets.Length < _layout.Rows)
            (_targets, _nats) = (new int[_layout.Rows], new float[_layout.Rows]);
        _embedding?.Resize(_layout, backward);
        _stack.Resize(_layout, backward, dropoutKey, all);
        _measures = false;
        _active = _choice.Begin(batch, steps);
        _tasks = _active * TasksOfWorker;
        _stepsOfOutput = Math.Max(1, RowsOfOutput * _active / batch);
        _output.Resize(_layout, backward ? _tasks : 0);
    }

    private void SetTargets(ReadOnlySpan<int> targets, bool mayLack = false)
    {
        (_measures, _predicted) = (true, 0);
        (int batch, int steps) = _layout;
        for (int step = 0; step < steps; step++)
        {
            for (int sequence = 0; sequence < batch; sequence++)
            {
                int target = targets[(sequence * steps) + step];
                if (target >= 0)
                    _predicted++;
                if ((target < 0 && !mayLack) || target >= _vocabSize)
                    throw new ArgumentOutOfRangeException(nameof(targets), target, $"token ids are 0 to {_vocabSize - 1}");
                _targets[_layout.Row(step + 1, sequence)] = target;
            }
        }
    }

    // The inputs of the recurrent layers and of the output layer.
    private Panels Input => _dropoutKey is not null && _inputDropout is not null ? _inputDropout.Values : _embedding?.Values ?? default;

    private Panels Output => _dropoutKey is not null && _outputDropout is not null ? _outputDropout.Values : _stack.Outputs;

    private void Forward()
    {
        // The packed data include the token table, which usually changes with the minibatch.
        if (!_packed || !_tokens.HoldsAll)
            _workers.Run(_active, _tasks, _pack);
        _packed = true;
        RunRows();
        _choice.End();
    }

    private void Pack(int task)
    {
        _stack.Pack(task, _tasks, _backward, tokensOnly: _packed);
        if (!_packed)
            _output.Pack(task, _tasks, _backward);
    }

    private void RunRows()
    {
        _sharing.Begin(_layout, _active, forward: true, _backward);
        _workers.Run(_active, _rows);
    }

    private void Rows(int worker)
    {
        while (_sharing.Next(worker, out RowGrid rows, out bool backward))
        {
            if (backward)
                BackwardRows(rows);
            else
                ForwardRows(rows);
        }
    }

    private void ForwardRows(RowGrid rows)
    {
        _embedding?.Forward(rows);
        if (_dropoutKey is { } key)
            _inputDropout?.Forward(_embedding!.Values, rows, key + InputDropoutKey);
        _stack.Forward(Input, rows);
        int from = StepsOfOutput(rows.FirstStep), to = StepsOfOutput(rows.FirstStep + rows.Steps);
        if (from < to)
            OutputRows(rows with { FirstStep = from, Steps = to - from });
    }

    // The steps whose output is due once all layers have done some: whole groups, and in the end the rest.
    private int StepsOfOutput(int done) => done == _layout.Steps ? done : done / _stepsOfOutput * _stepsOfOutput;

    private void OutputRows(RowGrid rows)
    {
        if (_dropoutKey is { } key)
            _outputDropout?.Forward(_stack.Outputs, rows, key + OutputDropoutKey);
        if (!_measures)
        {
            _output.Forward(Output, rows);
        }
        else if (!_backward)
        {
            _output.Measure(Output, _targets, _nats, rows);
        }
        else
        {
            _output.Learn(Output, _targets, _nats, rows, 1f / _predicted, _stack.OutputGradient);
            _outputDropout?.Backward(_stack.OutputGradient, rows);
        }
    }

    private void BackwardRows(RowGrid rows)
    {
        _stack.Backward(_embedding?.Gradient ?? default, rows);
        _inputDropout?.Backward(_embedding!.Gradient, rows);
    }

    private int TasksOfPart => _tasks / _layout.Parts;

    private void RunGradients()
    {
        if (_active > 1)
        {
            _workers.Run(_active, _layout.Parts * TasksOfPart, _partialGradients);
            _workers.Run(_active, _tasks, _weightGradients);
            return;
        }
        // Alone, share by share, so that the parts are still in a cache when they are added up.
        for (int task = 0; task < _tasks; task++)
        {
            for (int part = 0; part < _layout.Parts; part++)
                PartialGradients(part, task, _tasks);
            WeightGradients(task);
        }
    }

    // The first tasks are for the first part of the rows, which the first workers have computed.
    private void PartialGradients(int task) => PartialGradients(task / TasksOfPart, task % TasksOfPart, TasksOfPart);

    private void PartialGradients(int part, int task, int tasks)
    {
        _stack.PartialGradients(Input, part, task, tasks);
        _output.PartialGradients(Output, part, task, tasks);
    }

    private void WeightGradients(int task)
    {
        _stack.WeightGradients(task, _tasks);
        _output.WeightGradients(Output, task, _tasks);
        _embedding?.WeightGradients(task, _tasks);
    }

    // In the order of rows, whichever worker computed them.
    private double Total()
    {
        double total = 0;
        for (int strip = 0; strip < _layout.Strips; strip++)
        {
            (int first, int count) = _layout.Run(strip, after: true);
            foreach (float nats in _nats.AsSpan(first, count))
                total += nats;
        }
        return total;
    }
}
