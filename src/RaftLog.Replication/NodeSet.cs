using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// A few nodes, without repetition, in the order in which they were given. Never changes; as small as a replication factor.
/// </summary>
public sealed class NodeSet
{
    /// <summary>No node.</summary>
    public static readonly NodeSet Empty = new([]);

    private readonly NodeId[] _nodes;

    private NodeSet(NodeId[] nodes) => _nodes = nodes;

    /// <summary>The number of nodes.</summary>
    public int Count => _nodes.Length;

    /// <summary>The nodes in order.</summary>
    public ReadOnlySpan<NodeId> Nodes => _nodes;

    /// <summary>A set of the given nodes; a repeated one counts once.</summary>
    public static NodeSet Of(params ReadOnlySpan<NodeId> nodes)
    {
        var kept = new List<NodeId>(nodes.Length);
        foreach (NodeId node in nodes)
        {
            if (!kept.Contains(node))
            {
                kept.Add(node);
            }
        }

        return kept.Count == 0 ? Empty : new NodeSet([.. kept]);
    }

    /// <summary>True when the node is in the set.</summary>
    public bool Contains(NodeId node) => Array.IndexOf(_nodes, node) >= 0;

    /// <summary>This set and one more node at its end.</summary>
    public NodeSet With(NodeId node) => Contains(node) ? this : new NodeSet([.. _nodes, node]);

    /// <summary>This set without some nodes.</summary>
    public NodeSet Without(NodeSet others)
    {
        var kept = new List<NodeId>(_nodes.Length);
        foreach (NodeId node in _nodes)
        {
            if (!others.Contains(node))
            {
                kept.Add(node);
            }
        }

        return kept.Count == _nodes.Length ? this : new NodeSet([.. kept]);
    }

    /// <summary>True when both sets hold the same nodes, in whatever order.</summary>
    public bool SameAs(NodeSet other)
    {
        if (other.Count != Count)
        {
            return false;
        }

        foreach (NodeId node in _nodes)
        {
            if (!other.Contains(node))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc />
    public override string ToString() => $"[{string.Join(", ", _nodes)}]";
}
