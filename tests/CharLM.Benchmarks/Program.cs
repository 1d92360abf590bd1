using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using CharLM.Benchmarks;

// In this process: a benchmark of its own project would have to find the torch engine anew.
IConfig config = DefaultConfig.Instance.WithArtifactsPath("artifacts/benchmarks")
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
BenchmarkSwitcher.FromAssembly(typeof(TokenizerBenchmarks).Assembly).Run(args, config);
