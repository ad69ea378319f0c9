using RaftLog.Protocol;

namespace RaftLog.Jepsen.Workloads;

/// <summary>What clients do in a run.</summary>
internal interface IWorkload
{
    /// <summary>Its name, as in the options.</summary>
    string Name { get; }

    /// <summary>The partitions that hold its records; empty where there are none.</summary>
    IReadOnlyList<TopicPartition> Partitions { get; }

    /// <summary>Makes what it needs.</summary>
    Task PrepareAsync(CancellationToken cancel);

    /// <summary>Works until <paramref name="stop"/>, and then until everything is decided.</summary>
    Task RunAsync(CancellationToken stop);

    /// <summary>Reads what is true at the end; false when it cannot be read.</summary>
    Task<bool> ReadEndAsync(CancellationToken cancel);
}
