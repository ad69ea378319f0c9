using RaftLog.Protocol;

namespace RaftLog.Metadata.Tests;

/// <summary>Short ways to write node ids in tables.</summary>
internal static class Nodes
{
    public static ValueList<NodeId> Of(params int[] ids) => [.. ids.Select(id => new NodeId(id))];
}
