// Every test starts processes that train: more than two at once would only wait for each other.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: AssemblyFixture(typeof(CharLM.Cli.Tests.Processes.TrainedModels))]
