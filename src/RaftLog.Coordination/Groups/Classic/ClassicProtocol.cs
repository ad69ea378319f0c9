namespace RaftLog.Coordination.Groups.Classic;

/// <summary>A way to share work that a member knows.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Metadata">What the member tells the leader for it.</param>
internal readonly record struct ClassicProtocol(string Name, ReadOnlyMemory<byte> Metadata);
