using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Reads one partition from its start on, from whomever some node names as leader; all that it ever sees must be committed.
/// </summary>
internal sealed class CoreConsumer(CoreWorld world, int partition, Chance chance)
{
    private const int Client = 200;
    private const int TimeoutMs = 400;
    private const int MostEntries = 50;

    private LeaderEpoch _lastEpoch = LeaderEpoch.None;
    private LeaderEpoch _knownEpoch = LeaderEpoch.None;

    /// <summary>The fetches that it sent.</summary>
    public int Polls { get; private set; }

    /// <summary>The next offset that it wants.</summary>
    public int Position { get; private set; }

    public void Begin() => world.In(chance.Next(1, world.Options.PollMs), Poll);

    private void Poll()
    {
        world.In(chance.Next(1, 2 * world.Options.PollMs), Poll);
        (CoreNode? leader, LeaderEpoch epoch) = world.Ask(partition, chance);
        if (leader is null || epoch < _knownEpoch)
        {
            // What it has heard of a leadership makes it deaf to older ones (KIP-320).
            return;
        }

        _knownEpoch = epoch;

        Polls++;
        var position = new FetchPosition(epoch, new Offset(Position), _lastEpoch);
        world.Exchange<DataEntry[]>(
            Client + partition,
            leader,
            TimeoutMs,
            (node, response) => response(node.Partitions[partition].Consume(position, MostEntries)),
            entries => Take((int)position.FetchOffset.Value, entries)
        );
    }

    private void Take(int from, DataEntry[]? entries)
    {
        if (entries is null || from != Position)
        {
            return;
        }

        foreach (DataEntry entry in entries)
        {
            world.WitnessOf(partition).Seen(entry, Position);
            Position++;
            _lastEpoch = new LeaderEpoch(entry.Epoch);
        }
    }
}
