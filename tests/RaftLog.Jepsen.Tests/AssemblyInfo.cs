// The machine of these tests is the cluster: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
