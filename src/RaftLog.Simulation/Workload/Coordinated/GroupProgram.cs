using RaftLog.Checking;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// A member of a group that commits offsets as one writes to registers, each value once, and reads those of all. Now and then it leaves, or
/// is silent for longer than its session and commits all the same.
/// </summary>
public sealed class GroupProgram
{
    private const short ByName = 9;
    private const short FetchOfOneGroup = 7;
    private static readonly TimeSpan BeatInterval = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan MeanPause = TimeSpan.FromMilliseconds(300);

    private readonly ProgramWorld _world;
    private readonly CoordinatorRequests _coordinators;
    private readonly IGroupMembership _member;
    private readonly IReadOnlyList<TopicPartition> _partitions;
    private readonly TimeSpan _session;
    private readonly int _number;
    private long _beatUs;
    private bool _stopped;

    /// <param name="world">What it runs in.</param>
    /// <param name="number">Its number.</param>
    /// <param name="group">The group.</param>
    /// <param name="partitions">The partitions of one topic that the members share.</param>
    /// <param name="session">How long the group waits for a sign of life; in a consumer group the nodes' setting says so.</param>
    /// <param name="isClassic">True for a classic group, false for a consumer group.</param>
    public GroupProgram(
        ProgramWorld world,
        int number,
        string group,
        IReadOnlyList<TopicPartition> partitions,
        TimeSpan session,
        bool isClassic
    )
    {
        _world = world;
        _number = number;
        _partitions = partitions;
        _session = session;
        _coordinators = new CoordinatorRequests(world);
        _beatUs = -(long)BeatInterval.TotalMicroseconds;
        _member = isClassic
            ? new ClassicGroupMember(world, _coordinators, group, partitions, session, Log)
            : new ConsumerMembership(world, _coordinators, group, $"member-{number}", partitions[0].Topic, session, Log);
    }

    /// <summary>What it did.</summary>
    public GroupLog Log { get; } = new();

    /// <summary>True when it does nothing more.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Leaves the group soon.</summary>
    public void Stop() => _stopped = true;

    /// <summary>Works until it is stopped.</summary>
    public async Task RunAsync()
    {
        while (!_stopped)
        {
            await Task.Delay(_world.Random.Exponential(MeanPause), _world.Time);
            int choice = _world.Random.Next(100);
            if (_world.NowUs() - _beatUs >= BeatInterval.TotalMicroseconds)
            {
                _beatUs = _world.NowUs();
                await _member.BeatAsync();
            }
            else if (_member.Owned.Count == 0 || choice < 40)
            {
                await ReadAsync(_partitions[_world.Random.Next(_partitions.Count)]);
            }
            else if (choice == 98)
            {
                await _member.LeaveAsync();
            }
            else
            {
                await CommitAsync(isLate: choice == 99);
            }
        }

        await _member.LeaveAsync();
        IsDone = true;
    }

    private async Task CommitAsync(bool isLate)
    {
        TopicPartition partition = _member.Owned.ElementAt(_world.Random.Next(_member.Owned.Count));
        OffsetCommitRequest request = new()
        {
            GroupId = _member.Group,
            GenerationIdOrMemberEpoch = _member.Generation,
            MemberId = _member.MemberId,
            Topics =
            [
                new()
                {
                    Name = partition.Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = partition.Partition,
                            CommittedOffset = new Offset(((long)_number << 32) | (uint)Log.Offsets.Count),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };
        if (isLate)
        {
            await Task.Delay(_session * 1.5, _world.Time);
        }

        OffsetOperation commit = new(
            _member.Group,
            partition,
            OffsetAction.Commit,
            _member.IsFencedByGeneration ? request.GenerationIdOrMemberEpoch : -1,
            request.Topics[0].Partitions[0].CommittedOffset,
            SendOutcome.Unknown,
            _world.NowUs(),
            null
        );
        int index = Log.Begin(commit);
        CallResult<OffsetCommitResponse> told = await _coordinators.CallAsync(
            CoordinatorKind.Group,
            _member.Group,
            request,
            static response => response.Topics[0].Partitions[0].ErrorCode,
            ByName
        );
        Log.End(
            index,
            told.IsDone ? SendOutcome.Acknowledged
                : told.IsOpen ? SendOutcome.Unknown
                : SendOutcome.Rejected,
            _world.NowUs()
        );
        if (told.Error is ErrorCode.UnknownMemberId or ErrorCode.FencedMemberEpoch)
        {
            _member.Lose();
        }
    }

    private async Task ReadAsync(TopicPartition partition)
    {
        long invoked = _world.NowUs();
        CallResult<OffsetFetchResponse> told = await _coordinators.CallAsync(
            CoordinatorKind.Group,
            _member.Group,
            new OffsetFetchRequest
            {
                GroupId = _member.Group,
                Topics = [new() { Name = partition.Topic, PartitionIndexes = [partition.Partition] }],
            },
            static response => response.ErrorCode != ErrorCode.None ? response.ErrorCode : response.Topics[0].Partitions[0].ErrorCode,
            FetchOfOneGroup
        );
        if (told.IsDone)
        {
            Offset found = told.Response!.Topics[0].Partitions[0].CommittedOffset;
            Log.Read(
                new OffsetOperation(
                    _member.Group,
                    partition,
                    OffsetAction.Read,
                    -1,
                    found,
                    SendOutcome.Acknowledged,
                    invoked,
                    _world.NowUs()
                )
            );
        }
    }
}
