using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Topics;

/// <summary>
/// The topics of the cluster as this node knows them now; it changes between the inputs of a coordinator, never during one.
/// </summary>
public interface ITopicsView
{
    /// <summary>Grows with every change of the cluster's metadata.</summary>
    long Version { get; }

    /// <summary>The names of all topics, in ordinal order.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>Finds a topic by its name.</summary>
    bool TryFind(string name, [NotNullWhen(true)] out TopicFacts? topic);

    /// <summary>Finds a topic by its id.</summary>
    bool TryFind(Uuid id, [NotNullWhen(true)] out TopicFacts? topic);
}
