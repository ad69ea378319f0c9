using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A program that asks again and again where the first record at or after some time is, or the latest of all; what it is told is judged
/// where it leaves the leader.
/// </summary>
internal sealed class TimeProgram
{
    private const double LatestShare = 0.2;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(700);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly SimRandom _random;
    private readonly SimRandom _kinds;
    private readonly IReadOnlyList<TopicPartition> _partitions;
    private bool _stopped;

    internal TimeProgram(SimCluster world, IReadOnlyList<TopicPartition> partitions, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _partitions = partitions;
        _random = random.Split("times");
        _kinds = random.Split("kinds of times");
        (_program, _cluster) = world.NewClient();
        _program.Run("look up times", RunAsync);
    }

    internal void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
            long ms = SimTimeProvider.WallMs(0) + _random.Next((int)(_scheduler.NowUs / 1000) + 1000);
            try
            {
                await _cluster.Admin.ListOffsetsAsync(
                    new SortedDictionary<TopicPartition, OffsetSpec>
                    {
                        [_partitions[_random.Next(_partitions.Count)]] = _kinds.Chance(LatestShare)
                            ? OffsetSpec.MaxTimestamp
                            : OffsetSpec.At(ms),
                    }
                );
            }
            catch (KafkaException)
            {
                // Nobody leads for now.
            }
        }
    }
}
