// Both nodes are shared: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
