using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// What is committed in one partition, as clients and followers were told of it. It only grows: whoever is in sync must have all of it in
/// its disk image, and nobody may ever cut any of it away, but for what the topic's own policy lets go.
/// </summary>
internal interface IPartitionLedger
{
    /// <summary>The end of what is committed.</summary>
    Offset End { get; }

    /// <summary>How far <see cref="FirstMissing"/> has come when all that was committed until now is looked at.</summary>
    int Count { get; }

    /// <summary>An image has got batches: an epoch and an offset have one content, ever.</summary>
    void Came(int node, ReplicaImage image);

    /// <summary>An image has lost a batch.</summary>
    void Gone(int node, in ImageBatch batch, ReplicaImage image);

    /// <summary>A node has told of a committed end.</summary>
    /// <param name="end">The end.</param>
    /// <param name="node">Who told.</param>
    /// <param name="image">Its disk image.</param>
    /// <param name="how">As what it was told.</param>
    void Advance(Offset end, int node, ReplicaImage image, string how);

    /// <summary>What an image lacks of what is committed, from one place on; null when it has all.</summary>
    string? FirstMissing(int node, ReplicaImage image, int from);

    /// <summary>True when an image has what is committed at an offset, or what took its place.</summary>
    bool Has(ReplicaImage image, Offset offset);
}
