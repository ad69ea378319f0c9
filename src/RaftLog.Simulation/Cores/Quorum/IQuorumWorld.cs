using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>What a <see cref="QuorumReplica"/> lives in: time, chance, a network, and a witness.</summary>
internal interface IQuorumWorld
{
    long NowMs { get; }

    Chance Chance { get; }

    QuorumWitness Witness { get; }

    ShellLies Lies { get; }

    /// <summary>Has something done at a time.</summary>
    void At(long atMs, Action action);

    /// <summary>How long one operation of a disk takes.</summary>
    int DiskDelay();

    /// <summary>How long a fetch may wait for news.</summary>
    int FetchWait();

    /// <summary>The most records of one fetch of the metadata log, but for a batch that is longer.</summary>
    int MostFetched { get; }

    /// <summary>Carries a request to a peer; its reply, or its failure, comes back to the sender or is lost.</summary>
    void Send(QuorumReplica from, long requestId, NodeId to, RaftRequest request);

    /// <summary>Notes what happened.</summary>
    void Say(string line);
}

/// <summary>What is built on the metadata log of a <see cref="QuorumReplica"/>; told in the order of the core's notices.</summary>
internal interface IQuorumOwner
{
    void LeadershipGained(LeaderEpoch epoch, Offset epochStart);

    void LeadershipLost();

    void Committed(Offset highWatermark);

    void SnapshotInstalled(SnapshotId snapshot, object? content);

    /// <summary>All effects of an input have been started.</summary>
    void Settled();
}

/// <summary>Promises that a shell breaks, to see that the witness notices.</summary>
/// <param name="AboutVotes">It reports an election state as written before it is.</param>
/// <param name="AboutFlushes">It reports a log as flushed before it is.</param>
/// <param name="WipesDisks">It starts a voter on an empty directory after a crash.</param>
internal readonly record struct ShellLies(bool AboutVotes, bool AboutFlushes, bool WipesDisks)
{
    /// <summary>True when a broken promise is a violation in itself, not only what follows from it.</summary>
    public bool None => !AboutVotes && !AboutFlushes && !WipesDisks;
}
