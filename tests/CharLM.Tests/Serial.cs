// torch's generator and the count of live tensors are global to the process: tests that seed one or compare the other must not run
// in parallel.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
