namespace RaftLog.Client.Admin;

/// <summary>A feature of the cluster (KIP-584).</summary>
/// <param name="Name">Its name, such as <c>transaction.version</c>.</param>
/// <param name="Level">The level that the cluster has agreed on; 0 for none.</param>
/// <param name="Lowest">The lowest level that the broker that responded can run.</param>
/// <param name="Highest">The highest level that it can run.</param>
public sealed record FeatureLevel(string Name, short Level, short Lowest, short Highest);
