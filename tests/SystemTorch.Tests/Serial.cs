// torch's generator, its thread counts and the count of live tensors belong to the process: no two tests run beside each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
