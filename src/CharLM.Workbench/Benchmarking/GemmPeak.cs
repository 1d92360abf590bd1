using System.Diagnostics;
using CharLM.Models.Fused.Gemm;
using CharLM.Models.Fused.Passes;
using CharLM.Models.Fused.Simd;
using CharLM.Models.Fused.Threads;

namespace CharLM.Workbench.Benchmarking;

/// <summary>
/// The rate of the fused kernels' matrix product alone, on all processors at once, in the shape of one time step: the upper bound of a
/// training step.
/// </summary>
public static class GemmPeak
{
    private const int Tries = 7, TriesToWarmUp = 3;
    private const double SecondsOfTry = 0.1;

    /// <summary>Measures the rate.</summary>
    /// <param name="batchSize">Rows of a step, over all processors.</param>
    /// <param name="hidden">Depth of the product.</param>
    /// <param name="columns">Columns of the product: gates * hidden.</param>
    /// <param name="threads">Number of threads; 0 for one per processor.</param>
    /// <returns>Floating-point operations per second.</returns>
    public static double Measure(int batchSize = 32, int hidden = 256, int columns = 1024, int threads = 0)
    {
        using var workers = new Workers(threads == 0 ? Environment.ProcessorCount : threads);
        Worker[] all = [.. Enumerable.Range(0, workers.Count)
            .Select(worker => new Worker(RowGrid.Share(new RowLayout(batchSize, 1), worker, workers.Count).Count, hidden, columns))];
        try
        {
            double best = 0;
            int repeats = 1;
            for (int attempt = 0; attempt < TriesToWarmUp + Tries; attempt++)
            {
                var clock = Stopwatch.StartNew();
                workers.Run(workers.Count, workers.Count, task => all[task].Multiply(repeats));
                double seconds = clock.Elapsed.TotalSeconds;
                if (attempt < TriesToWarmUp)
                    repeats = Math.Max(1, (int)(repeats * SecondsOfTry / Math.Max(seconds, 1e-6)));
                else
                    best = Math.Max(best, 2.0 * batchSize * hidden * columns * repeats / seconds);
            }
            return best;
        }
        finally
        {
            foreach (Worker worker in all)
                worker.Dispose();
        }
    }

    private sealed class Worker(int rows, int hidden, int columns) : IDisposable
    {
        private readonly PanelBuffer _a = new(Math.Max(rows, 1), hidden), _b = new(Panels.Pad(hidden), columns),
            _c = new(Math.Max(rows, 1), columns);

        public void Multiply(int repeats)
        {
            var grid = RowGrid.All(rows);
            for (int i = 0; i < repeats; i++)
            {
                switch (PassFactory.Resolve(LaneWidth.Best))
                {
                    case LaneWidth.Wide:
                        BlockedGemm.MultiplyAdd<SimdVector512>(_a.Matrix, grid, _b.Matrix, _c.Matrix, grid);
                        break;
                    case LaneWidth.Medium:
                        BlockedGemm.MultiplyAdd<SimdVector256>(_a.Matrix, grid, _b.Matrix, _c.Matrix, grid);
                        break;
                    default:
                        BlockedGemm.MultiplyAdd<SimdVector128>(_a.Matrix, grid, _b.Matrix, _c.Matrix, grid);
                        break;
                }
            }
        }

        public void Dispose()
        {
            _a.Dispose();
            _b.Dispose();
            _c.Dispose();
        }
    }
}
