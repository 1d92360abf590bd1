// Every test starts training processes: more than two at once would only wait for each other.
[assembly: Xunit.v3.Parallelization(MaxThreads = 2)]
[assembly: AssemblyFixture(typeof(CharLM.Cli.Tests.Processes.TrainedModels))]
