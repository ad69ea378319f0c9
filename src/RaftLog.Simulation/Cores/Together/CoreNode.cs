using RaftLog.Broker.Partitions;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// One node of the core simulation: a replica of the quorum, what it has read of the metadata, the controller when it leads, and its
/// replicas of the partitions. It registers, sends heartbeats and applies metadata as the shipped node does, and decides nothing.
/// </summary>
internal sealed class CoreNode : IQuorumOwner
{
    private const int RequestTimeoutMs = 800;
    private const int RetryMs = 100;

    /// <summary>How long a node that stops waits for its leaderships to go.</summary>
    private const int StopPatienceMs = 1_500;

    private readonly CoreWorld _world;
    private readonly CoreController _controller;
    private readonly List<Action> _whilePaused = [];
    private readonly Uuid _directory;
    private Uuid _incarnationId;
    private bool _isCommitted;
    private Action? _left;
    private long _tickAtMs = long.MaxValue;

    public CoreNode(CoreWorld world, int number, VoterSet voters)
    {
        _world = world;
        _directory = new Uuid(7, (ulong)number);
        Quorum = new QuorumReplica(world, new RaftConfig(new ReplicaKey(new NodeId(number), _directory), voters)) { Owner = this };
        _controller = new CoreController(world, this);
        Proposals = new CoreProposals(this);
        Partitions = [.. Enumerable.Range(0, world.Options.Partitions).Select(partition => new CorePartition(world, this, partition))];
    }

    public NodeId Id => Quorum.Id;

    public QuorumReplica Quorum { get; }

    public CoreController Controller => _controller;

    public MetadataReplayer Replayer { get; private set; } = new();

    public CorePartition[] Partitions { get; }

    /// <summary>Its way to the controller for the in-sync sets of the partitions that it leads.</summary>
    public CoreProposals Proposals { get; }

    public bool IsUp => Quorum.Core is not null;

    public int Incarnation => Quorum.Incarnation;

    /// <summary>True while the machine has no power: nobody refuses a connection to it.</summary>
    public bool IsDark { get; private set; }

    /// <summary>True once its ports are open, in this incarnation.</summary>
    public bool IsServing { get; private set; }

    /// <summary>The epoch of this incarnation; None until it is registered.</summary>
    public BrokerEpoch RegisteredAs { get; private set; } = BrokerEpoch.None;

    public void Start()
    {
        IsDark = false;
        IsServing = false;
        _left = null;
        RegisteredAs = BrokerEpoch.None;
        _incarnationId = _world.Chance.NextId();
        _tickAtMs = long.MaxValue;
        Replayer = new MetadataReplayer();
        if (Quorum.Disk.Snapshots.Count > 0 && Quorum.Disk.Snapshots.Values.Last() is { Content: MetadataImage image })
        {
            Replayer = new MetadataReplayer(image);
        }

        Proposals.Start();
        Quorum.Start();
        foreach (CorePartition partition in Partitions)
        {
            partition.Start();
        }

        Register();
    }

    public void Crash(bool losesPower)
    {
        IsDark = losesPower;
        IsServing = false;
        _controller.Crash();
        _whilePaused.Clear();
        Quorum.Crash(losesPower);
        foreach (CorePartition partition in Partitions)
        {
            partition.Crash(losesPower);
        }
    }

    /// <summary>Asks to leave, with the next heartbeats; goes on when the controller grants it, or when patience is over.</summary>
    public void Leave(Action left)
    {
        if (_left is not null)
        {
            return;
        }

        _left = left;
        Later(StopPatienceMs, HasLeft);
    }

    public void Pause() => Quorum.Pause();

    public void Resume()
    {
        Quorum.Resume();
        Action[] waiting = [.. _whilePaused];
        _whilePaused.Clear();
        foreach (Action action in waiting)
        {
            action();
        }
    }

    /// <summary>Does something in the process that runs now, when that is not paused; nothing when it has ended.</summary>
    public void Run(Action action) => Run(Incarnation, action);

    /// <summary>Does something in one incarnation.</summary>
    public void Run(int incarnation, Action action)
    {
        if (incarnation != Incarnation || !IsUp)
        {
            return;
        }

        if (Quorum.IsPaused)
        {
            _whilePaused.Add(() => Run(incarnation, action));
            return;
        }

        action();
    }

    /// <summary>Does something in this incarnation after a while.</summary>
    public void Later(long delayMs, Action action)
    {
        int incarnation = Incarnation;
        _world.In(delayMs, () => Run(incarnation, action));
    }

    /// <summary>Has <see cref="Tick"/> called when something is due.</summary>
    public void ScheduleTick()
    {
        long next = _controller.NextDeadlineMs;
        foreach (CorePartition partition in Partitions)
        {
            next = Math.Min(next, partition.NextDeadlineMs);
        }

        if (next >= _tickAtMs)
        {
            return;
        }

        _tickAtMs = Math.Max(next, _world.NowMs);
        long planned = _tickAtMs;
        Later(
            Math.Max(0, next - _world.NowMs),
            () =>
            {
                if (_tickAtMs == planned)
                {
                    _tickAtMs = long.MaxValue;
                    Tick();
                }
            }
        );
    }

    public void LeadershipGained(LeaderEpoch epoch, Offset epochStart) => _controller.LeadershipGained(epoch, epochStart);

    public void LeadershipLost() => _controller.LeadershipLost();

    public void Committed(Offset highWatermark)
    {
        for (Offset next = Replayer.Position.LastOffset + 1; next < highWatermark; next += 1)
        {
            QuorumEntry entry = Quorum.Disk.Written.At(next.Value);
            if (entry.Record is { } record)
            {
                Replayer.Replay(record, next, entry.Epoch);
            }
            else
            {
                Replayer.Pass(next, entry.Epoch);
            }
        }

        _isCommitted = true;
    }

    public void SnapshotInstalled(SnapshotId snapshot, object? content)
    {
        Replayer.Load(MetadataSnapshot.Write((MetadataImage)content!), new MetadataProvenance(snapshot.EndOffset - 1, snapshot.Epoch));
        _isCommitted = true;
    }

    public void Settled()
    {
        if (_isCommitted)
        {
            _isCommitted = false;
            Replayer.Publish();
            ApplyMetadata();
        }

        _controller.Review(Replayer);
        ScheduleTick();
    }

    /// <summary>Writes a snapshot of what this node has read, as it does after so many bytes.</summary>
    public void TakeSnapshot(bool truncatesFront)
    {
        if (!Replayer.InTransaction && Replayer.Image.Provenance.LastOffset >= Offset.Zero)
        {
            Quorum.TakeSnapshot(Replayer.Image.Provenance.EndOffset, Replayer.Image, truncatesFront);
        }
    }

    private void Tick()
    {
        _controller.Tick();
        foreach (CorePartition partition in Partitions)
        {
            partition.Tick();
        }

        ScheduleTick();
    }

    private void ApplyMetadata()
    {
        MetadataImage image = Replayer.Image;
        if (!image.Topics.TryGet(CoreWorld.Topic, out TopicImage? topic))
        {
            return;
        }

        BrokerRoster roster = PartitionStates.RosterOf(image);
        foreach ((int index, PartitionRegistration registration) in topic.Partitions)
        {
            if (registration.Replicas.Contains(Id))
            {
                Partitions[index].Apply(PartitionStates.Of(registration, image, roster, _world.Options.MinInSync), RegisteredAs);
            }
        }
    }

    // The broker's life: register, catch up, serve, send heartbeats.

    private void Register()
    {
        BrokerRegistrationRequest request = new()
        {
            BrokerId = Id,
            IncarnationId = _incarnationId,
            LogDirs = [_directory],
        };
        request.Features.Add(
            new()
            {
                Name = MetadataVersion.FeatureName,
                MinSupportedVersion = MetadataVersion.Oldest.Level,
                MaxSupportedVersion = MetadataVersion.Newest.Level,
            }
        );
        AskController(
            (controller, next, now) => controller.RegisterBroker(request, next, now),
            response =>
            {
                if (response is not { ErrorCode: ErrorCode.None })
                {
                    Later(RetryMs, Register);
                    return;
                }

                RegisteredAs = response.BrokerEpoch;
                ApplyMetadata();
                SendHeartbeat();
            }
        );
    }

    private void SendHeartbeat()
    {
        Offset known = Replayer.Image.Provenance.LastOffset;
        IsServing |= known.Value >= RegisteredAs.Value;
        BrokerHeartbeatRequest request = new()
        {
            BrokerId = Id,
            BrokerEpoch = RegisteredAs,
            CurrentMetadataOffset = known,
            WantFence = !IsServing,
            WantShutDown = _left is not null,
        };
        AskController(
            (controller, next, now) => controller.Heartbeat(request, next, now),
            response =>
            {
                switch (response)
                {
                    case { ErrorCode: ErrorCode.StaleBrokerEpoch }:
                        RegisteredAs = BrokerEpoch.None;
                        Register();
                        break;
                    case { ErrorCode: ErrorCode.None, ShouldShutDown: true }:
                        HasLeft();
                        break;
                    case { ErrorCode: ErrorCode.None, IsFenced: false } when _left is null:
                        Later(_world.Options.HeartbeatMs, SendHeartbeat);
                        break;
                    default:
                        Later(RetryMs / 2, SendHeartbeat);
                        break;
                }
            }
        );
    }

    private void HasLeft()
    {
        Action? left = _left;
        _left = static () => { };
        left?.Invoke();
    }

    /// <summary>Asks the node that this one believes to be the active controller; null when no response came.</summary>
    public void AskController<T>(Func<Controller, Offset, long, ControllerResult<T>> decide, Action<T?> end)
        where T : class
    {
        NodeId leader = Quorum.Core!.Leader.Leader;
        if (!leader.IsNode)
        {
            Later(RetryMs / 2, () => end(null));
            return;
        }

        _world.Call<T>(this, _world.Node(leader), RequestTimeoutMs, (target, reply) => target.Controller.Decide(decide, reply), end);
    }
}
