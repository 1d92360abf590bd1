using BenchmarkDotNet.Running;
using CharLM.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(TokenizerBenchmarks).Assembly).Run(args);
