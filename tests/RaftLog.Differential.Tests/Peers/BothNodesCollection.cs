namespace RaftLog.Differential.Tests.Peers;

/// <summary>The tests that ask both nodes.</summary>
[CollectionDefinition(Name)]
public sealed class BothNodesCollection : ICollectionFixture<BothNodes>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "both nodes";
}
