using RaftLog.Jepsen.Recording;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>What the parts of a run share.</summary>
internal sealed class RunContext(Recorder recorder, Clients clients, SimRandom random)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<TopicPartition, NodeId> _leaders = [];
    private long _values;

    public Recorder Recorder => recorder;

    public Clients Clients => clients;

    /// <summary>The source of chance; each part splits a stream of its own from it.</summary>
    public SimRandom Random => random;

    /// <summary>A value that no other record of the run has.</summary>
    public Checking.RecordValue NewValue() => new(Interlocked.Increment(ref _values));

    /// <summary>Notes who leads a partition.</summary>
    public void LearnLeader(TopicPartition partition, NodeId leader)
    {
        lock (_lock)
        {
            _leaders[partition] = leader;
        }
    }

    /// <summary>The leaders that were told last.</summary>
    public IReadOnlyList<NodeId> Leaders()
    {
        lock (_lock)
        {
            return [.. _leaders.Values];
        }
    }
}
