using RaftLog.Checking;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>What a program of a workload needs of the world that it runs in, a simulated one or the real one.</summary>
/// <param name="Client">Sends single requests.</param>
/// <param name="Time">The clock to wait by.</param>
/// <param name="NowUs">Microseconds since the run began.</param>
/// <param name="Random">Its own random numbers.</param>
/// <param name="Payload">The bytes of a record.</param>
public sealed record ProgramWorld(
    RawClient Client,
    TimeProvider Time,
    Func<long> NowUs,
    SimRandom Random,
    Func<TopicPartition, RecordValue, byte[]> Payload
)
{
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongPause = TimeSpan.FromMilliseconds(150);

    /// <summary>Waits a little before something is tried again.</summary>
    internal Task PauseAsync() => Task.Delay(Random.Between(ShortPause, LongPause), Time);

    /// <summary>Any node that serves clients.</summary>
    internal NodeId AnyNode() => Client.Nodes[Random.Next(Client.Nodes.Count)];
}
