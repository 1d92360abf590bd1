using CharLM.Models.Cells;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace CharLM.Models;

/// <summary>Initializes the weights of a model with torch's random generator.</summary>
internal static class WeightInitializer
{
    // The recurrent modules of language models, classifiers and encoder-decoders.
    private static readonly string[] RecurrentModules = ["rnn.", "encoder.", "decoder."];

    /// <summary>Initializes a model as the configuration of its recurrent layers says.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="reservoirs">Whether to draw reservoirs, whose eigenvalues take time; others set their weights afterwards.</param>
    public static void Apply(Module model, ModelConfig config, bool reservoirs = true)
    {
        using IDisposable unrecorded = no_grad();
        if (config is { EffectiveInit: WeightInit.Torch, Implementation: Implementation.Custom, DrawsItself: false })
        {
            // torch.nn's layers apply this rule themselves; layers from scratch do not.
            double bound = 1 / Math.Sqrt(config.NumHiddens);
            foreach ((string name, TorchSharp.Modules.Parameter weight) in model.named_parameters())
            {
                if (IsRecurrent(name))
                    init.uniform_(weight, -bound, bound);
            }
        }
        else if (config.EffectiveInit != WeightInit.Torch)
        {
            foreach ((string name, TorchSharp.Modules.Parameter weight) in model.named_parameters())
            {
                if (config.DrawsItself && IsRecurrent(name))
                    continue;
                if (weight.dim() < 2)
                    init.zeros_(weight);
                else
                    Draw(weight, config, isRecurrent: name.Contains("weight_hh", StringComparison.Ordinal),
                        IsRecurrent(name) ? config.NumHiddens : weight.size(0));
            }
        }
        if (config.ForgetBias is { } bias)
            SetForgetBias(model, config, bias);
        if (config.Cell == CellKind.Esn && reservoirs)
            Reservoir.Draw(model, config);
    }

    private static bool IsRecurrent(string name) => RecurrentModules.Any(module => name.StartsWith(module, StringComparison.Ordinal));

    // A weight stacks the matrices of its gates; each is initialized on its own.
    private static void Draw(Tensor weight, ModelConfig config, bool isRecurrent, long rowsOfGate)
    {
        for (long row = 0; row < weight.size(0); row += rowsOfGate)
        {
            using Tensor gate = weight.narrow(0, row, rowsOfGate);
            switch (config.EffectiveInit)
            {
                case WeightInit.Normal:
                    init.normal_(gate, 0, config.InitSigma);
                    break;
                case WeightInit.Orthogonal when isRecurrent:
                    init.orthogonal_(gate);
                    break;
                default:
                    init.xavier_uniform_(gate);
                    break;
            }
        }
    }

    // PyTorch adds two biases; the first gets the whole value.
    private static void SetForgetBias(Module model, ModelConfig config, double bias)
    {
        int hidden = config.NumHiddens;
        int first = CellGates.Of(config.Cell, config.Variant).ToList().IndexOf(CellGates.Forget) * hidden;
        foreach ((string name, TorchSharp.Modules.Parameter weight) in model.named_parameters())
        {
            if (name.Contains("bias_ih", StringComparison.Ordinal) || name.Contains("bias_hh", StringComparison.Ordinal))
            {
                using Tensor gate = weight.narrow(0, first, hidden);
                gate.fill_(name.Contains("bias_ih", StringComparison.Ordinal) ? bias : 0);
            }
        }
    }
}
