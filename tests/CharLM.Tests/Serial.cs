// torch's generator and the count of live tensors belong to the process: tests that seed one or compare the other must
// not run beside each other.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
