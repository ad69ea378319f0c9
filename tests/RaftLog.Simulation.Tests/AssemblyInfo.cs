// Whole clusters in virtual time, seed after seed: not part of the fast tests (CONTRIBUTING.md).
[assembly: AssemblyTrait("Category", "Slow")]
