// Examples of the docs have the working directory and the console to themselves, which a process has once.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
