// Both nodes are shared: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

// Apache Kafka beside RaftLog: not part of the fast tests (CONTRIBUTING.md).
[assembly: AssemblyTrait("Category", "Slow")]
