namespace RaftLog.Interop.Tests.Clusters;

/// <summary>The tests that share three nodes.</summary>
[CollectionDefinition(Name)]
public sealed class SharedClusterCollection : ICollectionFixture<SharedCluster>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "three nodes";
}
