using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>The leader epochs of one log and where each ends (KIP-101): the log's epoch cache, as a question to ask.</summary>
public interface IEpochHistory
{
    /// <summary>The epoch of the last record, or <see cref="LeaderEpoch.None"/> for a log that knows none.</summary>
    LeaderEpoch Latest { get; }

    /// <summary>
    /// The largest epoch of this log that is not above <paramref name="epoch"/>, with the offset after its last record (KIP-279). For the
    /// latest epoch, and for any above it, that is the log end. <see cref="EpochEnd.Unknown"/> when there is no such epoch.
    /// </summary>
    EpochEnd EndOf(LeaderEpoch epoch);
}

/// <summary>A leader epoch and the offset after its last record.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="End">The offset after its last record.</param>
public readonly record struct EpochEnd(LeaderEpoch Epoch, Offset End)
{
    /// <summary>The log has no epoch as old as that.</summary>
    public static readonly EpochEnd Unknown = new(LeaderEpoch.None, Offset.None);

    /// <summary>False for <see cref="Unknown"/>.</summary>
    public bool IsKnown => Epoch != LeaderEpoch.None;
}
