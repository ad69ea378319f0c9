using RaftLog.Broker.Partitions;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>As much of a broker's front as followers need: ApiVersions, Fetch with long polls, ListOffsets; one request at a time on a connection.</summary>
internal sealed class PartitionServer : IDisposable
{
    private readonly IListener _listener;
    private readonly PartitionTable _table;
    private readonly Waiters _waiters;
    private readonly BufferPool _pool;
    private readonly List<IConnection> _connections = [];

    public PartitionServer(INetwork network, NetworkAddress address, PartitionTable table, Waiters waiters, BufferPool pool, Supervisor supervisor)
    {
        _table = table;
        _waiters = waiters;
        _pool = pool;
        _listener = network.Listen(address);
        supervisor.Run("accept", () => AcceptAsync(supervisor));
    }

    /// <summary>The number of fetches answered, and of those that had something to say.</summary>
    public int Fetches { get; private set; }

    /// <summary>While true, answers are made and never sent.</summary>
    public bool IsMute { get; set; }

    /// <summary>While it is set, whoever connects waits for it before its first answer.</summary>
    public TaskCompletionSource? Greeting { get; set; }

    public int Connections => _connections.Count;

    public void Dispose()
    {
        _listener.Dispose();
        _connections.ForEach(connection => connection.Dispose());
    }

    private async Task AcceptAsync(Supervisor supervisor)
    {
        while (await _listener.AcceptAsync() is { } connection)
        {
            _connections.Add(connection);
            supervisor.Run("serve", () => ServeAsync(connection));
        }
    }

    private async Task ServeAsync(IConnection connection)
    {
        FrameReader frames = new(connection, _pool, 100 << 20);
        while ((await frames.ReadAsync()).Frame is { } frame)
        {
            Memory<byte> bytes = frame.Span.ToArray();
            frame.Release();
            byte[] response = await RespondAsync(bytes);
            if (!IsMute)
            {
                await connection.SendAsync([response]);
            }
        }
    }

    private async ValueTask<byte[]> RespondAsync(Memory<byte> frame)
    {
        (RequestHeader header, IMessage request) = Parse(frame);
        if (request is ApiVersionsRequest && Greeting is { } greeting)
        {
            await greeting.Task;
        }

        IMessage response = request switch
        {
            ApiVersionsRequest => new ApiVersionsResponse { ApiKeys = Offered() },
            FetchRequest fetch => await FetchAsync(fetch),
            ListOffsetsRequest list => ListOffsets(list),
            _ => throw new InvalidOperationException($"the test's server does not serve {header.ApiKey}"),
        };
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new ResponseHeader(header.CorrelationId).Write(writer, header.ApiKey, header.ApiVersion);
        response.Write(writer, header.ApiVersion);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        return writer.ToArray();
    }

    private static (RequestHeader Header, IMessage Message) Parse(Memory<byte> frame)
    {
        WireReader reader = new(frame);
        RequestHeader header = RequestHeader.Read(ref reader);
        Assert.True(ApiCatalog.TryFind(header.ApiKey, out ApiDescription? api));
        IMessage message = api.NewRequest();
        message.Read(ref reader, header.ApiVersion);
        return (header, message);
    }

    private static List<ApiVersionsResponse.ApiVersion> Offered() =>
        [.. ApiCatalog.All.Select(api => new ApiVersionsResponse.ApiVersion
        {
            ApiKey = (short)api.Key,
            MinVersion = api.LowestVersion,
            MaxVersion = api.HighestVersion,
        })];

    private async ValueTask<FetchResponse> FetchAsync(FetchRequest request)
    {
        Fetches++;
        using var wait = new DataWait(_waiters);
        var wakes = new WakeList();
        long until = _waiters.NowMs + request.MaxWaitMs;
        for (bool isRepeated = false; ; isRepeated = true)
        {
            var response = new FetchResponse();
            bool says = false;
            bool parks = true;
            foreach (FetchRequest.FetchTopic topic in request.Topics)
            {
                var answered = new FetchResponse.FetchableTopicResponse { TopicId = topic.TopicId };
                response.Responses.Add(answered);
                foreach (FetchRequest.FetchPartition wanted in topic.Partitions)
                {
                    FetchResponse.PartitionData data = Read(request, isRepeated, topic.TopicId, wanted, wait, wakes, out bool registered);
                    answered.Partitions.Add(data);
                    says |= data.ErrorCode != ErrorCode.None || data.Records is { Length: > 0 } || data.DivergingEpoch.Epoch != LeaderEpoch.None;
                    parks &= registered;
                }
            }

            wakes.WakeAll();
            long rest = until - _waiters.NowMs;
            if (says || rest <= 0)
            {
                return response;
            }

            if (parks && await wait.WaitAsync(TimeSpan.FromMilliseconds(rest)) == WaitOutcome.Closed)
            {
                return response;
            }
        }
    }

    private FetchResponse.PartitionData Read(
        FetchRequest request, bool isRepeated, Uuid topicId, FetchRequest.FetchPartition wanted, DataWait wait, WakeList wakes, out bool registered)
    {
        var data = new FetchResponse.PartitionData { PartitionIndex = wanted.Partition };
        registered = false;
        if (_table.Find(new TopicIdPartition(topicId, wanted.Partition)) is not { } partition)
        {
            data.ErrorCode = ErrorCode.UnknownTopicId;
            return data;
        }

        var replica = new FetchingReplica(request.ReplicaState.ReplicaId, request.ReplicaState.ReplicaEpoch, wanted.LogStartOffset);
        var position = new FetchPosition(wanted.CurrentLeaderEpoch, wanted.FetchOffset, wanted.LastFetchedEpoch);
        var budget = new ReadBudget(wanted.PartitionMaxBytes, FirstBatch.ComesWhole);
        PartitionRead read = isRepeated
            ? partition.Read(position, Audience.Follower, budget)
            : partition.ReadAsFollower(replica, position, budget, wakes);
        data.ErrorCode = read.Error;
        data.HighWatermark = read.HighWatermark;
        data.LogStartOffset = read.LogStart;
        if (read.Diverging is { } diverging)
        {
            data.DivergingEpoch.Epoch = diverging.Epoch;
            data.DivergingEpoch.EndOffset = diverging.End;
        }

        using Storage.LogSlice slice = read.Slice;
        byte[] bytes = new byte[slice.Length];
        data.Records = bytes.AsMemory(0, slice.IsEmpty ? 0 : slice.Read(bytes));
        registered = read.Error == ErrorCode.None
            && partition.Watch(new DataInterest(Audience.Follower, read.Limit, DataInterest.NoHighWatermark), wait);
        return data;
    }

    private ListOffsetsResponse ListOffsets(ListOffsetsRequest request)
    {
        var response = new ListOffsetsResponse();
        foreach (ListOffsetsRequest.TopicData topic in request.Topics)
        {
            var answered = new ListOffsetsResponse.TopicData { Name = topic.Name };
            response.Topics.Add(answered);
            foreach (ListOffsetsRequest.PartitionData wanted in topic.Partitions)
            {
                OffsetLookup found = _table.Find(new TopicPartition(topic.Name, wanted.PartitionIndex))!
                    .FindOffset(wanted.CurrentLeaderEpoch, wanted.Timestamp, Audience.Follower);
                answered.Partitions.Add(new() { PartitionIndex = wanted.PartitionIndex, ErrorCode = found.Error, Offset = found.Offset });
            }
        }

        return response;
    }
}
