using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// A member of a group that makes one record from each record of some partitions: what it writes and how far it has read are one
/// transaction. Now and then it aborts, or is silent for longer than its session in the middle of a transaction and goes on all the same.
/// </summary>
public sealed class PipelineProgram : TransactionalProgram
{
    private const short FetchOfOneGroup = 7;
    private const int MostRecords = 40;

    /// <summary>Whoever reads as many at once is behind its producers, and pauses no more until it has caught up.</summary>
    private const int Backlog = 8;
    private static readonly TimeSpan BeatInterval = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan MeanPause = TimeSpan.FromMilliseconds(120);

    private readonly ProgramWorld _world;
    private readonly CoordinatorRequests _coordinators;
    private readonly PartitionCalls _leaders;
    private readonly IGroupMembership _member;
    private readonly TransactionProtocol _protocol;
    private readonly string _transactionalId;
    private readonly TimeSpan _session;
    private readonly IReadOnlyList<TopicPartition> _outputs;
    private readonly SortedDictionary<TopicPartition, Offset> _positions = [];
    private TransactionSession? _producer;
    private long _beatUs;
    private bool _isBehind;

    /// <param name="world">What it runs in.</param>
    /// <param name="number">Its number.</param>
    /// <param name="protocol">How it speaks of transactions.</param>
    /// <param name="group">The group.</param>
    /// <param name="inputs">The partitions of one topic that it reads.</param>
    /// <param name="outputs">The partitions that it writes to.</param>
    /// <param name="session">How long the group waits for a sign of life, and the transaction may stay open.</param>
    /// <param name="isClassic">True for a classic group, false for a consumer group.</param>
    public PipelineProgram(
        ProgramWorld world,
        int number,
        TransactionProtocol protocol,
        string group,
        IReadOnlyList<TopicPartition> inputs,
        IReadOnlyList<TopicPartition> outputs,
        TimeSpan session,
        bool isClassic
    )
        : base(number)
    {
        _world = world;
        _coordinators = new CoordinatorRequests(world);
        _leaders = new PartitionCalls(world);
        _protocol = protocol;
        _transactionalId = $"{group}-{number}";
        _session = session;
        _outputs = outputs;
        _beatUs = -(long)BeatInterval.TotalMicroseconds;
        _member = isClassic
            ? new ClassicGroupMember(world, _coordinators, group, inputs, session, Group)
            : new ConsumerMembership(world, _coordinators, group, $"pipe-{number}", inputs[0].Topic, session, Group);
    }

    /// <summary>What it did in its group.</summary>
    public GroupLog Group { get; } = new();

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        while (!IsStopped)
        {
            if (!_isBehind)
            {
                await Task.Delay(_world.Random.Exponential(MeanPause), _world.Time);
            }

            _isBehind = false;
            if (_world.NowUs() - _beatUs >= BeatInterval.TotalMicroseconds)
            {
                await BeatAsync();
            }
            else if (_member.Owned.Count > 0)
            {
                await WorkAsync(_member.Owned.ElementAt(_world.Random.Next(_member.Owned.Count)));
            }
        }

        await _member.LeaveAsync();
    }

    private async Task BeatAsync()
    {
        _beatUs = _world.NowUs();
        (string, int) before = (_member.MemberId, _member.Generation);
        await _member.BeatAsync();
        if (before != (_member.MemberId, _member.Generation))
        {
            _positions.Clear();
        }
    }

    private async Task WorkAsync(TopicPartition input)
    {
        if (_producer is not { IsUsable: true })
        {
            _positions.Clear();
            _producer = await TransactionSession.OpenAsync(_world, _coordinators, _leaders, _protocol, Log, _transactionalId, _session);
        }
        else if (!_positions.TryGetValue(input, out Offset position))
        {
            await FindPositionAsync(input);
        }
        else if (await _leaders.ReadAsync(input, position, MostRecords) is { Count: > 0 } records)
        {
            await TransformAsync(_producer, input, records);
        }
    }

    private async Task TransformAsync(TransactionSession producer, TopicPartition input, IReadOnlyList<Offset> records)
    {
        int choice = _world.Random.Next(100);
        (string member, int generation) = (_member.MemberId, _member.Generation);
        Offset next = records[^1] + 1;
        producer.Begin();
        bool isSound = await producer.SendAsync(
            _outputs[input.Partition % _outputs.Count],
            [.. records.Select(each => (0L, ((TopicPartition, Offset)?)(input, each)))]
        );
        if (choice == 99)
        {
            await Task.Delay(_session * 1.5, _world.Time);
        }

        isSound = isSound && await producer.CommitOffsetsAsync(_member.Group, member, generation, input, next);
        bool isDone = await producer.EndAsync(isSound && choice >= 5);
        _positions.Remove(input);
        if (isDone)
        {
            _isBehind = records.Count >= Backlog;
            _positions[input] = next;
        }
    }

    private async Task FindPositionAsync(TopicPartition input)
    {
        CallResult<OffsetFetchResponse> told = await _coordinators.CallAsync(
            CoordinatorKind.Group,
            _member.Group,
            new OffsetFetchRequest
            {
                GroupId = _member.Group,
                RequireStable = true,
                Topics = [new() { Name = input.Topic, PartitionIndexes = [input.Partition] }],
            },
            static response => response.ErrorCode != ErrorCode.None ? response.ErrorCode : response.Topics[0].Partitions[0].ErrorCode,
            FetchOfOneGroup
        );
        if (told.IsDone)
        {
            _positions[input] = Offset.Max(Offset.Zero, told.Response!.Topics[0].Partitions[0].CommittedOffset);
        }
    }
}
