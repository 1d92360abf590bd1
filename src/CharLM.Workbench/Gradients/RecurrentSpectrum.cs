using System.Numerics;
using CharLM.Models;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CharLM.Workbench.Gradients;

/// <summary>Computes the spectrum of a model's recurrent weights and the norms of their powers.</summary>
public static class RecurrentSpectrum
{
    /// <summary>Computes the spectrum in double precision, for every layer, direction and gate.</summary>
    /// <param name="model">The model; minimal cells have no recurrent weights, so no spectrum.</param>
    /// <param name="greatestPower">The largest exponent of the powers, 1 or more.</param>
    /// <param name="cancellationToken">Checked before every gate.</param>
    public static IReadOnlyList<GateSpectrum> Of(LanguageModel model, int greatestPower, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(greatestPower);
        using IDisposable unrecorded = no_grad();
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<string> gates = CellGates.Of(model.Config.Cell, model.Config.Variant);
        var spectra = new List<GateSpectrum>();
        for (int layer = 0; layer < model.Config.NumLayers; layer++)
        {
            foreach (string place in model.Config.PlacesOfLayer(layer))
            {
                if (model.get_parameter($"rnn.weight_hh_{place}") is not Parameter weight)
                    continue;
                Tensor[] blocks = weight.cpu().to_type(ScalarType.Float64).chunk(gates.Count, dim: 0); // [hidden, hidden]
                for (int gate = 0; gate < gates.Count; gate++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    spectra.Add(new GateSpectrum(place, gates[gate], Eigenvalues(blocks[gate]), Powers(blocks[gate], greatestPower)));
                }
            }
        }
        return spectra;
    }

    private static Complex[] Eigenvalues(Tensor matrix)
    {
        using TensorAccessor<double> parts = view_as_real(linalg.eigvals(matrix)).contiguous().data<double>();
        double[] values = parts.ToArray();
        return [.. Enumerable.Range(0, values.Length / 2).Select(i => new Complex(values[2 * i], values[(2 * i) + 1]))
            .OrderByDescending(value => value.Magnitude)];
    }

    // Each power is the square of the one before.
    private static List<(int Exponent, double Norm)> Powers(Tensor matrix, int greatest)
    {
        var powers = new List<(int, double)>();
        Tensor power = matrix;
        for (long exponent = 1; exponent <= greatest; exponent *= 2)
        {
            if (exponent > 1)
                power = power.matmul(power);
            if (!power.isfinite().all().ToBoolean())
                break; // beyond 10^308 there is nothing left to compare
            powers.Add(((int)exponent, linalg.svdvals(power)[0].ToDouble()));
        }
        return powers;
    }
}
