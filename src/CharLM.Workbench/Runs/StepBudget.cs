using System.Diagnostics;
using CharLM.Batching;
using CharLM.Models;
using CharLM.Tokenization;
using CharLM.Training;

namespace CharLM.Workbench.Runs;

/// <summary>Determines how many steps a machine takes in some minutes, measured with a throwaway model.</summary>
internal static class StepBudget
{
    // During the warm-up, code is compiled and the kernels choose their threads.
    private const double SecondsToWarmUp = 1.5, SecondsToMeasure = 2.5;
    private const int StepsToWarmUp = 2, StepsToMeasure = 3;

    // Held-out text is measured after each of these epochs; reading costs about a third of training.
    private const int Epochs = 20;
    private const double CostOfReading = 1.0 / 3;

    // For checkpoints, samples, and varying machine speed.
    private const double Reserve = 0.05;

    /// <summary>
    /// Sets the steps of a training configuration: as many as fit into the minutes, but no more than its passes over the text.
    /// </summary>
    /// <param name="minutes">Minutes of training, including this measurement.</param>
    /// <param name="training">The training configuration.</param>
    /// <param name="text">The training and held-out text.</param>
    /// <param name="build">Creates a model, which is disposed.</param>
    /// <param name="threads">Threads of the kernels; 0 for the fastest number.</param>
    /// <param name="exchange">The ranks that train together, which all take as many steps; null: this process alone.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    public static TrainerConfig Of(
        double minutes, TrainerConfig training, TokenizedText text, Func<LanguageModel> build, int threads, IGradientExchange? exchange,
            CancellationToken cancellationToken)
    {
        var began = Stopwatch.StartNew();
        double rate = StepsPerSecond(minutes, training, text, build, threads, exchange, cancellationToken);
        EpochPlan pass = MinibatchIterator.Create(
            training.Sampling, text.Train, training.RowsOfUpdate, training.NumSteps, training.Seed, text.EndId).Plan(0);
        double tokensOfStep = (double)pass.NumTokens / pass.NumBatches;
        double reading = Epochs * text.HeldOut.Length * CostOfReading / (rate * tokensOfStep);
        double left = (minutes * 60 * (1 - Reserve)) - began.Elapsed.TotalSeconds - reading;
        double most = (double)training.NumEpochs * pass.NumBatches;
        int steps = (int)Math.Clamp(Math.Min(rate * left, most), Epochs, int.MaxValue / 2);
        steps = exchange?.OfLeader(steps) ?? steps;
        return training with { TotalSteps = steps, StepsPerEpoch = (steps + Epochs - 1) / Epochs };
    }

    private static double StepsPerSecond(
        double minutes, TrainerConfig training, TokenizedText text, Func<LanguageModel> build, int threads, IGradientExchange? exchange,
            CancellationToken cancellationToken)
    {
        using LanguageModel model = build();
        model.Threads = threads;
        using var trainer = new Trainer(model, training with { TotalSteps = int.MaxValue / 2, StepsPerEpoch = int.MaxValue / 2 },
            text.Train, text.EndId, exchange);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // At most a tenth of a short budget.
        var rate = new Rate(enough, Math.Min(1, minutes * 60 / 10 / (SecondsToWarmUp + SecondsToMeasure)));
        try
        {
            trainer.TrainEpoch(0, rate, enough.Token);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested || exchange is not null)
        {
            // Measured, by all ranks after the same step.
        }
        if (exchange?.Any(cancellationToken.IsCancellationRequested) ?? cancellationToken.IsCancellationRequested)
            throw new OperationCanceledException(cancellationToken);
        return rate.StepsPerSecond;
    }

    private sealed class Rate(CancellationTokenSource enough, double scale) : IProgress<StepReport>
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private int _steps, _before;
        private double _begin;

        public double StepsPerSecond => (_steps - _before) / (_clock.Elapsed.TotalSeconds - _begin);

        public void Report(StepReport value)
        {
            double now = _clock.Elapsed.TotalSeconds;
            _steps++;
            if (_before == 0)
            {
                if (_steps >= StepsToWarmUp && now >= SecondsToWarmUp * scale)
                    (_before, _begin) = (_steps, now);
            }
            else if (_steps - _before >= StepsToMeasure && now - _begin >= SecondsToMeasure * scale)
            {
                _clock.Stop();
                enough.Cancel();
            }
        }
    }
}
