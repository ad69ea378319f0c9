using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// A program that writes records into a topic that they leave again, and deletes some of them itself: below what was acknowledged, and now and then beyond any
/// end, which must be rejected.
/// </summary>
internal sealed class TrimProgram
{
    private const int MaxOutstanding = 16;
    private const int Beyond = 1000;

    /// <summary>The most bytes that a record has besides its value.</summary>
    internal const int MaxFill = 200;

    private static readonly TopicPartition Partition = new(LogTopic.Retained, 0);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(80);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly KafkaCluster _cluster;
    private readonly Incarnation _trimmer;
    private readonly RawClient _raw;
    private readonly SimRandom _random;
    private readonly List<SentRecord> _sends = [];
    private int _generation;
    private Producer? _producer;
    private int _outstanding;
    private bool _isNew;
    private bool _stopped;

    internal TrimProgram(SimCluster world, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _random = random.Split("trims");
        (_program, _cluster) = world.NewClient();
        (_trimmer, _raw) = world.NewRawClient();
        _program.Run("write", RunAsync);
        _trimmer.Run("delete records", TrimAsync);
    }

    /// <summary>Every send, in the order of the calls.</summary>
    internal IReadOnlyList<SentRecord> Sends => _sends;

    /// <summary>How many deletions were confirmed.</summary>
    internal int Confirmed { get; private set; }

    /// <summary>How many were rejected since they went beyond the end.</summary>
    internal int Rejected { get; private set; }

    /// <summary>True when it sends no more and everything is decided.</summary>
    internal bool IsDone => _stopped && _outstanding == 0;

    internal void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        Open();
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
            if (_outstanding < MaxOutstanding && !_stopped)
            {
                Task sent = SendAsync();
                if (_isNew)
                {
                    // The order of calls is the order of records only once the producer knows the topic.
                    _isNew = false;
                    await sent;
                }
            }
        }
    }

    private void Open()
    {
        _generation++;
        _isNew = true;
        _producer = _cluster.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(15), MaxBlock = TimeSpan.FromSeconds(15) });
    }

    private async Task SendAsync()
    {
        int index = _sends.Count;
        RecordValue value = new(index + 1);
        SentRecord sent = new(_generation, Partition, value, SendOutcome.Unknown, Offset.None) { InvokedUs = _scheduler.NowUs };
        _sends.Add(sent);
        _outstanding++;
        Producer producer = _producer!;
        try
        {
            ProduceResult result = await producer.ProduceAsync(LogTopic.Retained, new ProducerRecord(null, Payload.Write(value, MaxFill)) { Partition = 0 });
            _sends[index] = sent with { Outcome = SendOutcome.Acknowledged, Offset = result.Offset, CompletedUs = _scheduler.NowUs };
        }
        catch (KafkaException)
        {
            // Whether it stands somewhere is unknown. A producer that gave up is replaced.
            if (ReferenceEquals(producer, _producer))
            {
                Open();
            }
        }

        _outstanding--;
    }

    private async Task TrimAsync()
    {
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Limit), _trimmer.Time);
            Offset end = _sends.Where(each => each.Outcome == SendOutcome.Acknowledged).Select(each => each.Offset + 1).DefaultIfEmpty(Offset.Zero).Max();
            bool isBeyond = _random.Chance(0.2);
            Offset before = isBeyond ? end + Beyond : new Offset(_random.Next((int)end.Value + 1));
            int first = _random.Next(_raw.Nodes.Count);
            for (int i = 0; i < _raw.Nodes.Count && !_stopped; i++)
            {
                NodeId node = _raw.Nodes[(first + i) % _raw.Nodes.Count];
                ErrorCode? response = await DeleteAsync(node, before);
                Confirmed += response == ErrorCode.None ? 1 : 0;
                Rejected += response == ErrorCode.OffsetOutOfRange ? 1 : 0;
                if (isBeyond && response == ErrorCode.None)
                {
                    _scheduler.Fail($"start-is-committed: n{node} has deleted the records of {Partition} below {before}, far beyond its end");
                }

                if (response is not (null or ErrorCode.NotLeaderOrFollower))
                {
                    break;
                }
            }
        }
    }

    private async Task<ErrorCode?> DeleteAsync(NodeId node, Offset before)
    {
        DeleteRecordsRequest request = new()
        {
            Topics = [new() { Name = LogTopic.Retained, Partitions = [new() { PartitionIndex = 0, Offset = before }] }], TimeoutMs = (int)Limit.TotalMilliseconds,
        };
        RpcResult<DeleteRecordsResponse> result = await _raw.CallAsync(node, request, Limit);
        return result.TryGet(out DeleteRecordsResponse? response) ? response.Topics[0].Partitions[0].ErrorCode : null;
    }
}
