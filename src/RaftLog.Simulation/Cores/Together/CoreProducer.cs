using RaftLog.Protocol;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// An idempotent producer: one record at a time, with a sequence of its own for each partition, sent again until it is acknowledged, to
/// whomever some node names as leader.
/// </summary>
internal sealed class CoreProducer(CoreWorld world, int number, Chance chance)
{
    private const int FirstClient = 100;
    private const int RetryMs = 60;

    private readonly int[] _sequences = new int[world.Options.Partitions];
    private int _partition;
    private bool _stopped;

    /// <summary>Records that it began to send.</summary>
    public int Operations { get; private set; }

    /// <summary>True when it waits for nothing.</summary>
    public bool IsIdle { get; private set; } = true;

    public void Begin() => world.In(chance.Next(1, world.Options.ProduceMs), Next);

    public void Stop() => _stopped = true;

    private void Next()
    {
        if (_stopped)
        {
            return;
        }

        IsIdle = false;
        Operations++;
        _partition = chance.Next(_sequences.Length);
        _sequences[_partition]++;
        Send();
    }

    private void Send()
    {
        (CoreNode? leader, _) = world.Ask(_partition, chance);
        if (leader is null)
        {
            world.In(RetryMs, Send);
            return;
        }

        int timeout = chance.Between(50, 600);
        int partition = _partition;
        int sequence = _sequences[partition];
        world.Exchange<object>(
            FirstClient + number,
            leader,
            timeout,
            (node, response) => node.Partitions[partition].Produce(number, sequence, error => response(error)),
            response =>
            {
                if (response is ErrorCode.None)
                {
                    IsIdle = true;
                    world.In(chance.Next(1, 2 * world.Options.ProduceMs), Next);
                }
                else
                {
                    world.In(response is null ? 1 : RetryMs, Send);
                }
            }
        );
    }
}
