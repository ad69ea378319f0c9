using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// A program that writes records into a topic that they leave again, and deletes some of them itself: below what was acknowledged, and now
/// and then beyond any end, which must be rejected.
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
    private readonly PacedProducer _producer;
    private readonly Incarnation _trimmer;
    private readonly RawClient _raw;
    private readonly SimRandom _random;
    private readonly List<SentRecord> _sends = [];
    private bool _stopped;

    internal TrimProgram(SimCluster world, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _random = random.Split("trims");
        (Incarnation program, KafkaCluster cluster) = world.NewClient();
        _producer = new PacedProducer(program, cluster, _random, Interval, MaxOutstanding);
        (_trimmer, _raw) = world.NewRawClient();
        program.Run("write", () => _producer.RunAsync(SendAsync));
        _trimmer.Run("delete records", TrimAsync);
    }

    /// <summary>Every send, in the order of the calls.</summary>
    internal IReadOnlyList<SentRecord> Sends => _sends;

    /// <summary>How many deletions were confirmed.</summary>
    internal int Confirmed { get; private set; }

    /// <summary>How many were rejected since they went beyond the end.</summary>
    internal int Rejected { get; private set; }

    /// <summary>True when it sends no more and everything is decided.</summary>
    internal bool IsDone => _producer.IsDone;

    internal void Stop()
    {
        _stopped = true;
        _producer.Stop();
    }

    private Task SendAsync()
    {
        int index = _sends.Count;
        RecordValue value = new(index + 1);
        SentRecord sent = new(_producer.Generation, Partition, value, SendOutcome.Unknown, Offset.None) { InvokedUs = _scheduler.NowUs };
        _sends.Add(sent);
        return _producer.SendAsync(
            LogTopic.Retained,
            new ProducerRecord(null, Payload.Write(value, MaxFill)) { Partition = 0 },
            result =>
                _sends[index] = sent with { Outcome = SendOutcome.Acknowledged, Offset = result.Offset, CompletedUs = _scheduler.NowUs }
        );
    }

    private async Task TrimAsync()
    {
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Limit), _trimmer.Time);
            Offset end = _sends
                .Where(each => each.Outcome == SendOutcome.Acknowledged)
                .Select(each => each.Offset + 1)
                .DefaultIfEmpty(Offset.Zero)
                .Max();
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
                    _scheduler.Fail(
                        $"start-is-committed: n{node} has deleted the records of {Partition} below {before}, far beyond its end"
                    );
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
            Topics = [new() { Name = LogTopic.Retained, Partitions = [new() { PartitionIndex = 0, Offset = before }] }],
            TimeoutMs = (int)Limit.TotalMilliseconds,
        };
        RpcResult<DeleteRecordsResponse> result = await _raw.CallAsync(node, request, Limit);
        return result.TryGet(out DeleteRecordsResponse? response) ? response.Topics[0].Partitions[0].ErrorCode : null;
    }
}
