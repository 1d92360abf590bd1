namespace TorchSharp;

public static partial class torch
{
    public static partial class optim
    {
        public static partial class lr_scheduler
        {
            public static partial class impl
            {
                /// <summary>Times a factor when a measured value has not improved for a number of epochs.</summary>
                public class ReduceLROnPlateau : LRScheduler
                {
                    private readonly bool _isMinimum, _isRelative, _verbose;
                    private readonly double _factor, _threshold, _eps;
                    private readonly int _patience, _cooldown;
                    private readonly double[] _minimum;
                    private double _best;
                    private int _badEpochs, _cooldownLeft;

                    public ReduceLROnPlateau(
                        Optimizer optimizer, string mode = "min", double factor = 0.1, int patience = 10, double threshold = 1E-4,
                        string threshold_mode = "rel", int cooldown = 0, IList<double>? min_lr = null, double eps = 1E-08,
                        bool verbose = false)
                        : base(optimizer)
                    {
                        _isMinimum = mode switch
                        {
                            "min" => true,
                            "max" => false,
                            _ => throw new ArgumentException($"Invalid mode: {mode}; it must be min or max."),
                        };
                        _isRelative = threshold_mode switch
                        {
                            "rel" => true,
                            "abs" => false,
                            _ => throw new ArgumentException($"Invalid threshold mode: {threshold_mode}; it must be rel or abs."),
                        };
                        if (factor >= 1)
                        {
                            throw new ArgumentException($"Factor should be < 1.0, but was {factor}.");
                        }
                        _minimum = min_lr is { Count: > 1 } ? [.. min_lr] : Array.ConvertAll(BaseRates, _ => min_lr is { Count: 1 } ? min_lr[0] : 0);
                        (_factor, _patience, _threshold, _cooldown, _eps, _verbose) = (factor, patience, threshold, cooldown, eps, verbose);
                        _best = _isMinimum ? double.PositiveInfinity : double.NegativeInfinity;
                    }

                    /// <exception cref="InvalidOperationException">Always: the schedule needs a measured value.</exception>
                    public override void step() => throw new InvalidOperationException("step() should not be used with the ReduceLROnPlateau scheduler; pass the measured value.");

                    /// <exception cref="InvalidOperationException">Always: the schedule needs a measured value.</exception>
                    public override void step(int? epoch) => step();

                    public override void step(double current, int? epoch = null)
                    {
                        LastEpoch = epoch ?? LastEpoch + 1;
                        _step_count++;
                        if (IsBetter(current))
                        {
                            (_best, _badEpochs) = (current, 0);
                        }
                        else
                        {
                            _badEpochs++;
                        }
                        if (_cooldownLeft > 0)
                        {
                            _cooldownLeft--;
                            _badEpochs = 0;
                        }
                        if (_badEpochs > _patience)
                        {
                            Reduce();
                            (_cooldownLeft, _badEpochs) = (_cooldown, 0);
                        }
                    }

                    private bool IsBetter(double current)
                    {
                        double bound = _isRelative ? _best * (_isMinimum ? 1 - _threshold : 1 + _threshold) : _best + (_isMinimum ? -_threshold : _threshold);
                        return _isMinimum ? current < bound : current > bound;
                    }

                    private void Reduce()
                    {
                        foreach (var (group, minimum) in Groups.Zip(_minimum))
                        {
                            double reduced = Math.Max(group.LearningRate * _factor, minimum);
                            if (group.LearningRate - reduced > _eps)
                            {
                                group.LearningRate = reduced;
                                if (_verbose)
                                {
                                    Console.WriteLine($"Adjusting learning rate to {reduced}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
