using RaftLog.Protocol;

namespace RaftLog.Client.Tests;

/// <summary>A topic of the fake cluster.</summary>
internal sealed record FakeTopic(string Name, Uuid Id, List<FakePartition> Partitions);
