using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// A program that moves replicas between the two log directories of their nodes, again and again, also back before they have arrived. What
/// it is told does not matter; that no replica loses anything does.
/// </summary>
internal sealed class ReplicaMoveProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(600);

    private readonly Incarnation _program;
    private readonly RawClient _client;
    private readonly SimRandom _random;
    private readonly IReadOnlyList<TopicPartition> _partitions;
    private bool _stopped;

    internal ReplicaMoveProgram(SimCluster world, IReadOnlyList<TopicPartition> partitions, SimRandom random)
    {
        _partitions = partitions;
        _random = random.Split("replica moves");
        (_program, _client) = world.NewRawClient();
        _program.Run("move replicas", RunAsync);
    }

    /// <summary>How often a node has said that it begins a move.</summary>
    internal int Begun { get; private set; }

    internal void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        while (true)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
            if (_stopped)
            {
                return;
            }

            TopicPartition partition = _partitions[_random.Next(_partitions.Count)];
            AlterReplicaLogDirsRequest request = new()
            {
                Dirs =
                [
                    new()
                    {
                        Path = SimCluster.BothLogDirectories[_random.Next(SimCluster.BothLogDirectories.Count)],
                        Topics = [new() { Name = partition.Topic, Partitions = [partition.Partition] }],
                    },
                ],
            };
            RpcResult<AlterReplicaLogDirsResponse> result = await _client.CallAsync(
                _client.Nodes[_random.Next(_client.Nodes.Count)],
                request,
                Limit
            );
            if (
                result.TryGet(out AlterReplicaLogDirsResponse? response)
                && response.Results is [{ Partitions: [{ ErrorCode: ErrorCode.None }] }]
            )
            {
                Begun++;
            }
        }
    }
}
