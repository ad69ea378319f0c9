using System.Buffers.Binary;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>
/// Programs that use up the memory for large requests: some send a part of one and no more, or close in its middle; one sends whole ones,
/// and is turned away while there is no memory. What they send is rejected in the end, since its batch is corrupt, so no log gets longer.
/// </summary>
internal sealed class LargeRequests
{
    private const short Version = 9;
    private const double FavouriteShare = 0.7;
    private const double CutShortShare = 0.3;
    private const double SwarmShare = 0.25;
    private const int Swarm = 80;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan ResponseLimit = TimeSpan.FromSeconds(6);

    private readonly SimCluster _world;
    private readonly SimRandom _random;
    private readonly byte[] _request;
    private readonly SortedSet<NetworkAddress> _hasResponded = new(
        Comparer<NetworkAddress>.Create(static (one, other) => string.CompareOrdinal(one.Host, other.Host))
    );
    private bool _stopped;

    /// <param name="world">Where they run.</param>
    /// <param name="topic">The topic that the requests are for.</param>
    /// <param name="senders">How many of them send parts.</param>
    /// <param name="random">The root stream of the seed.</param>
    internal LargeRequests(SimCluster world, string topic, int senders, SimRandom random)
    {
        _world = world;
        _random = random.Split("large requests");
        _request = RequestOf(topic);
        for (int number = 0; number < senders; number++)
        {
            (Incarnation program, INetwork network, IReadOnlyList<NetworkAddress> nodes) = world.NewBareProgram();
            program.Run("send parts of requests", () => SendPartsAsync(program, network, nodes));
        }

        (Incarnation whole, INetwork its, IReadOnlyList<NetworkAddress> brokers) = world.NewBareProgram();
        whole.Run("send large requests", () => SendWholeAsync(whole, its, brokers));
    }

    /// <summary>How many connections with a part of a request a node has ended.</summary>
    internal int Disconnected { get; private set; }

    /// <summary>How many whole requests had a response.</summary>
    internal int Responses { get; private set; }

    /// <summary>How many whole requests had none, since their connection ended.</summary>
    internal int WithoutResponse { get; private set; }

    internal void Stop() => _stopped = true;

    /// <summary>
    /// Asks each node that has a disk, until it has responded: what others have sent only parts of, or given up, holds no memory any
    /// more. True once all have.
    /// </summary>
    internal Func<bool> AskAll()
    {
        (Incarnation program, INetwork network, IReadOnlyList<NetworkAddress> all) = _world.NewBareProgram();
        List<NetworkAddress> nodes =
        [
            .. all.Where(each => _world.Machines.Any(machine => machine.Name == each.Host && !machine.IsDestroyed)),
        ];
        foreach (NetworkAddress node in nodes)
        {
            program.Run("ask for room", () => AskUntilRespondedAsync(program, network, node));
        }

        return () => _hasResponded.Count == nodes.Count;
    }

    private static byte[] RequestOf(string topic)
    {
        const int size = 180 << 10;
        ProduceRequest.TopicProduceData data = new() { Name = topic };
        data.PartitionData.Add(new() { Index = 0, Records = new byte[size] });
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 1000,
            TopicData = [data],
        };
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new RequestHeader(ApiKey.Produce, Version, 1, "large").Write(writer);
        request.Write(writer, Version);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        return writer.ToArray();
    }

    private async Task SendPartsAsync(Incarnation program, INetwork network, IReadOnlyList<NetworkAddress> nodes)
    {
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Pause), program.Time);
            NetworkAddress node = _random.Chance(FavouriteShare) ? nodes[0] : nodes[_random.Next(nodes.Count)];
            for (int i = 0, more = _random.Chance(SwarmShare) ? Swarm : 0; i < more; i++)
            {
                program.Run("announce a request", () => AnnounceAsync(program, network, node));
            }

            if ((await network.ConnectAsync(node, ConnectLimit, CancellationToken.None)).Connection is { } connection)
            {
                using (connection)
                {
                    await SendPartAsync(program, connection);
                }
            }
        }
    }

    /// <summary>Sends no more than the first bytes of a request: many such use memory up to its last bytes.</summary>
    private async Task AnnounceAsync(Incarnation program, INetwork network, NetworkAddress node)
    {
        if ((await network.ConnectAsync(node, ConnectLimit, CancellationToken.None)).Connection is { } connection)
        {
            using (connection)
            {
                if (await connection.SendAsync([_request[..sizeof(long)]]))
                {
                    await Task.Delay(Patience, program.Time);
                }
            }
        }
    }

    private async Task SendPartAsync(Incarnation program, IConnection connection)
    {
        int size = 1 + _random.Next(_request.Length - 1);
        bool isCutShort = _random.Chance(CutShortShare);
        if (await connection.SendAsync([_request[..size]]) && !isCutShort)
        {
            Task<int> ended = connection.ReceiveAsync(new byte[1]).AsTask();
            await Task.WhenAny(ended, Task.Delay(Patience, program.Time));
            Disconnected += ended.IsCompleted ? 1 : 0;
        }
        else if (isCutShort)
        {
            await Task.Delay(_random.Exponential(Pause), program.Time);
        }
    }

    private async Task SendWholeAsync(Incarnation program, INetwork network, IReadOnlyList<NetworkAddress> nodes)
    {
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Pause), program.Time);
            if (await AskAsync(program, network, nodes[_random.Next(nodes.Count)]))
            {
                Responses++;
            }
            else
            {
                WithoutResponse++;
            }
        }
    }

    private async Task AskUntilRespondedAsync(Incarnation program, INetwork network, NetworkAddress node)
    {
        while (!await AskAsync(program, network, node))
        {
            await Task.Delay(Pause, program.Time);
        }

        _hasResponded.Add(node);
    }

    /// <summary>Sends one whole request; true when its response has come.</summary>
    private async Task<bool> AskAsync(Incarnation program, INetwork network, NetworkAddress node)
    {
        if ((await network.ConnectAsync(node, ConnectLimit, CancellationToken.None)).Connection is not { } connection)
        {
            return false;
        }

        using (connection)
        {
            Task<bool> asked = SendAndReceiveAsync(connection);
            await Task.WhenAny(asked, Task.Delay(ResponseLimit, program.Time));
            return asked.IsCompleted && await asked;
        }
    }

    private async Task<bool> SendAndReceiveAsync(IConnection connection)
    {
        if (!await connection.SendAsync([_request]))
        {
            return false;
        }

        byte[] response = new byte[4 << 10];
        int have = 0;
        while (have < sizeof(int) || have < sizeof(int) + BinaryPrimitives.ReadInt32BigEndian(response))
        {
            int received = await connection.ReceiveAsync(response.AsMemory(have));
            if (received <= 0)
            {
                return false;
            }

            have += received;
        }

        WireReader reader = new(response.AsMemory(sizeof(int), have - sizeof(int)));
        ResponseHeader.Read(ref reader, ApiKey.Produce, Version);
        ProduceResponse produced = new();
        produced.Read(ref reader, Version);
        if (produced.Responses[0].PartitionResponses[0].ErrorCode == ErrorCode.None)
        {
            _world.Scheduler.Fail("corrupt-is-rejected: a batch of zeros was accepted");
        }

        return true;
    }
}
