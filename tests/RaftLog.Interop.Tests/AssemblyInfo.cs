// The machine of these tests is the cluster: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

// Clusters of processes and other clients: not part of the fast tests (CONTRIBUTING.md).
[assembly: AssemblyTrait("Category", "Slow")]
