namespace RaftLog.Protocol;

/// <summary>The identity of a node in the cluster: <c>node.id</c> of its configuration, at least 0.</summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct NodeId(int Value) : IComparable<NodeId>
{
    /// <summary>No node: no leader, no vote, or a client that is not a replica (-1).</summary>
    public static readonly NodeId None = new(-1);

    /// <summary>True for the id of a node, false for <see cref="None"/> and other reserved negative values.</summary>
    public bool IsNode => Value >= 0;

    /// <inheritdoc />
    public int CompareTo(NodeId other) => Value.CompareTo(other.Value);

    public static bool operator <(NodeId left, NodeId right) => left.Value < right.Value;

    public static bool operator >(NodeId left, NodeId right) => left.Value > right.Value;

    public static bool operator <=(NodeId left, NodeId right) => left.Value <= right.Value;

    public static bool operator >=(NodeId left, NodeId right) => left.Value >= right.Value;

    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}
