namespace RaftLog.Checking;

/// <summary>What clients did and saw in one run, and what was there at its end. Empty lists are allowed, and then show nothing.</summary>
public sealed record History
{
    /// <summary>Every send, those of one producer in the order of the calls.</summary>
    public IReadOnlyList<SentRecord> Sends { get; init; } = [];

    /// <summary>What consumers saw while the run went on.</summary>
    public IReadOnlyList<SeenRecord> Seen { get; init; } = [];

    /// <summary>Everything that a reader finds after all has healed, from the beginning of every partition to its end.</summary>
    public IReadOnlyList<SeenRecord> Final { get; init; } = [];

    /// <summary>The files of every replica after the run.</summary>
    public IReadOnlyList<ReplicaLog> Replicas { get; init; } = [];
}
