using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>A place in a log that can be checked (KIP-320).</summary>
/// <param name="Offset">The next offset to read; none where there is no such place.</param>
/// <param name="Epoch">
/// The leader epoch of the record before it, by which a leader knows whether it still has that record; none where it is not known.
/// </param>
internal readonly record struct OffsetAndEpoch(Offset Offset, LeaderEpoch Epoch)
{
    /// <summary>No place.</summary>
    public static OffsetAndEpoch None { get; } = new(Offset.None, LeaderEpoch.None);
}
