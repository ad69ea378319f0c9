using System.Text;
using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Simulation;

/// <summary>A machine of the cluster with its disk, and the node that runs on it, one incarnation after the other.</summary>
public sealed partial class SimMachine
{
    private const string NodeLogDirectory = "/node-log";

    /// <summary>How long a node waits for the controller when it stops.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// How long a stop may take over a disk that answers, which waits for the controller first and for flushes that stall.
    /// </summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(8);

    /// <summary>How long it may take whatever the disk does, on a clock that may run slow.</summary>
    private static readonly TimeSpan LongestStop = Node.StopLimit(Patience) * 1.03;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(500);

    private readonly SimScheduler _scheduler;
    private readonly SimNetwork _network;
    private readonly SimRandom _random;
    private readonly NodeConfiguration _config;
    private readonly string _clusterId;
    private readonly List<SimDirectory> _foreign = [];
    private Incarnation? _current;
    private int _starts;
    private bool _hasBeenReady;
    private bool _wasHeld;

    internal SimMachine(
        SimScheduler scheduler,
        SimNetwork network,
        SimRandom random,
        NodeConfiguration config,
        string clusterId,
        DiskProfile disk
    )
    {
        _scheduler = scheduler;
        _network = network;
        _config = config;
        _clusterId = clusterId;
        _random = random.Split("machine", config.NodeId.Value);
        Name = $"n{config.NodeId.Value}";
        Volume = new SimVolume(scheduler, _random.Split("disk"), disk, config.NodeId.Value);
        _network.Host(Name);
    }

    /// <summary>Its name on the network.</summary>
    public string Name { get; }

    /// <summary>How often a node has been started on it: which incarnation runs, or ran last.</summary>
    internal int Starts => _starts;

    /// <summary>The node's id.</summary>
    internal int Number => _config.NodeId.Value;

    /// <summary>True once its disk was lost for good.</summary>
    internal bool IsDestroyed { get; private set; }

    /// <summary>True once a node has declined to start over the disk that was lost.</summary>
    internal bool HasRejectedToStart { get; private set; }

    /// <summary>What its nodes have said so far.</summary>
    internal string NodeLogText => Encoding.UTF8.GetString(Volume.ReadFile($"{NodeLogDirectory}/{Name}.log") ?? []);

    /// <summary>When its node was last started.</summary>
    internal long StartedUs { get; private set; }

    /// <summary>When its node last went on after it was held.</summary>
    internal long ResumedUs { get; private set; }

    /// <summary>Its disk.</summary>
    public SimVolume Volume { get; }

    /// <summary>The node that runs, or the last that ran; null before the first start.</summary>
    public Node? Node { get; private set; }

    /// <summary>Called when the node has halted itself, as it must when the disk fails it.</summary>
    internal Action Halted { get; set; } = static () => { };

    /// <summary>How far its wall clock is off.</summary>
    internal TimeSpan WallClockOffset
    {
        get;
        set
        {
            field = value;
            if (_current is not null)
            {
                _current.WallClockOffset = value;
            }
        }
    }

    /// <summary>True while a node runs, paused or not.</summary>
    public bool IsUp => _current is { IsAlive: true };

    /// <summary>True while a node runs that has once served clients in this life: the cluster has seen it come back.</summary>
    public bool IsReady => IsUp && _hasBeenReady;

    /// <summary>True while a node runs that was asked to stop.</summary>
    internal bool IsStopping
    {
        get => IsUp && field;
        private set;
    }

    /// <summary>True while the node is held.</summary>
    public bool IsPaused => _current is { IsAlive: true, IsPaused: true };

    /// <summary>Starts the node over what is on the disk; formats an empty disk.</summary>
    public void Start()
    {
        _starts++;
        StartedUs = _scheduler.NowUs;
        _hasBeenReady = false;
        IsStopping = false;
        Incarnation owner = new(_scheduler, $"{Name}.{_starts}", _config.NodeId.Value, ClockRate());
        owner.WallClockOffset = WallClockOffset;
        Volume.ForgetRejections();
        _network.Host(Name).HasPower = true;
        _current = owner;
        World world = new(
            owner.Time,
            new SimDisk(Volume, owner),
            _network.Join(Name, owner),
            new SimEntropy(_random.Split("entropy", _starts)),
            new SimProcess(_scheduler, owner, Volume, () => Halted())
        );
        _scheduler.Say($"{owner.Name} starts");
        owner.Run("start", () => StartAsync(world, owner));
    }

    /// <summary>The process is killed; what it wrote stays in the machine's page cache.</summary>
    public void Kill() => End("is killed", losePower: false);

    /// <summary>The machine loses its power: the process is gone, and what was not flushed is a matter of chance.</summary>
    public void LosePower() => End("loses power", losePower: true);

    /// <summary>Asks the node to stop in order, as its process does when it is told to. It may die on the way.</summary>
    /// <param name="stopped">Called when it has stopped so.</param>
    internal void Stop(Action stopped)
    {
        Incarnation owner = _current!;
        Node node = Node!;
        IsStopping = true;
        _scheduler.Say($"{owner.Name} is asked to stop");
        _wasHeld = false;
        int told = NodeLogText.Length;
        RequireEndOfStop(owner, StopLimit, LongestStop);
        owner.Run(
            "stop",
            async () =>
            {
                try
                {
                    await node.StopAsync(Patience);
                }
                catch (DiskException failure) when (Volume.HasRejected)
                {
                    _scheduler.Say($"{owner.Name} cannot stop in order: {failure.Message}");
                    owner.Kill();
                    Halted();
                    return;
                }

                _scheduler.Say($"{owner.Name} has stopped");
                if (!_wasHeld && !Volume.HasRejected && LeftSomething(NodeLogText[told..]))
                {
                    _scheduler.Fail(
                        $"stop-leaves-nothing: {owner.Name} has stopped, and something of it still waited: {NodeLogText[told..]}"
                    );
                }

                Volume.DisarmFault();
                owner.Kill();
                stopped();
            }
        );
    }

    private static bool LeftSomething(string nodeLog) => nodeLog.Contains($"{Node.LastStopStep} has not ended", StringComparison.Ordinal);

    /// <summary>
    /// A node that was told to stop ends within seconds of the last moment in which its disk was slow, flushes that began then included,
    /// and within the bound that it promises however slow that is; not counting the time in which it was held.
    /// </summary>
    /// <param name="owner">Its process.</param>
    /// <param name="left">What is left over a disk that answers.</param>
    /// <param name="leftAtAll">What is left of its bound.</param>
    private void RequireEndOfStop(Incarnation owner, TimeSpan left, TimeSpan leftAtAll)
    {
        if (left <= TimeSpan.Zero || leftAtAll <= TimeSpan.Zero)
        {
            _scheduler.Fail(
                $"stop-ends: {owner.Name} was asked to stop, and has not "
                    + $"ended{(left > TimeSpan.Zero ? $" within {LongestStop.TotalSeconds:F0} s" : "")}"
            );
            return;
        }

        _scheduler.After(
            Glance,
            () =>
            {
                if (owner.IsAlive)
                {
                    bool isHeld = owner.IsPaused || Volume.IsSlow;
                    _wasHeld |= isHeld;
                    RequireEndOfStop(owner, isHeld ? StopLimit : left - Glance, owner.IsPaused ? leftAtAll : leftAtAll - Glance);
                }
            }
        );
    }

    /// <summary>Where the node has its logs.</summary>
    internal IEnumerable<string> LogDirectories => _config.Storage.LogDirs.Append(_config.Storage.MetadataLogDir).Distinct();

    /// <summary>The disk of a machine without a running node, as a tool sees it.</summary>
    internal SimDisk DiskAtRest() => new(Volume, new Incarnation(_scheduler, $"{Name}'s tool", Number));

    /// <summary>A machine without a running node loses its power.</summary>
    internal void LosePowerAtRest()
    {
        _scheduler.Say($"{Name} loses power, after its node has stopped");
        _network.Host(Name).HasPower = false;
        Volume.LosePower();
    }

    /// <summary>Ends the node in the middle of one of its next disk operations.</summary>
    /// <param name="operations">After how many.</param>
    /// <param name="losePower">Whether the machine loses its power.</param>
    /// <param name="ended">Called when it has ended so.</param>
    internal void EndInOperation(int operations, bool losePower, Action ended) =>
        Volume.ArmFault(
            operations,
            () =>
            {
                End(losePower ? "loses power in a disk operation" : "is killed in a disk operation", losePower);
                ended();
            }
        );

    /// <summary>Kills the node after a number of its steps, so at any await.</summary>
    internal void KillInStep(int steps, Action ended) =>
        _current!.EndAfter(
            steps,
            () =>
            {
                End("is killed between two steps", losePower: false);
                ended();
            }
        );

    /// <summary>Kills the node in the middle of a call of its network or its timers.</summary>
    /// <param name="calls">After how many.</param>
    /// <param name="ended">Called when it has ended so, with the call.</param>
    internal void KillInCall(int calls, Action<string> ended) =>
        _current!.EndInCall(
            calls,
            call =>
            {
                End($"is killed in the middle of {call}", losePower: false);
                ended(call);
            }
        );

    /// <summary>Its disk is lost for good, and with it whatever runs.</summary>
    internal void Destroy()
    {
        End("loses its disk", losePower: true);
        IsDestroyed = true;
        Volume.Wipe();
    }

    /// <summary>The directory of a log no longer says whose it is, and may hold another partition's files.</summary>
    /// <param name="partition">Whose directory it is.</param>
    /// <param name="other">Whose files it gets; the same for its own.</param>
    internal void Disown(TopicPartition partition, TopicPartition other)
    {
        string path = PathOf(partition);
        if (other != partition)
        {
            Volume.ReplaceFiles(path, PathOf(other));
        }

        Volume.Remove(path, LogDirectory.PartitionMetadataName);
        _foreign.Add((SimDirectory)Volume.Find(path)!);
    }

    /// <summary>The directory of a log is gone for good, while no program runs.</summary>
    internal void Lose(TopicPartition partition)
    {
        string path = PathOf(partition);
        Volume.Remove(path[..path.LastIndexOf('/')], $"{partition}");
    }

    /// <summary>
    /// The directory of a log: the one that the node serves, or where none does, the one that is there; the first log directory's where
    /// there is none.
    /// </summary>
    internal string PathOf(TopicPartition partition) =>
        (IsUp ? Node?.Partitions?.Find(partition)?.Log?.Path : null)
        ?? SimCluster
            .BothLogDirectories.Select(each => $"{each}/{partition}")
            .FirstOrDefault(path => Volume.Find(path) is SimDirectory, $"{SimCluster.LogDirectory}/{partition}");

    /// <summary>True once a log of it was disowned.</summary>
    internal bool HasLostLogs => _foreign.Count > 0;

    /// <summary>True for the directory of a log that was disowned.</summary>
    internal bool IsForeign(SimDirectory? directory) => directory is not null && _foreign.Contains(directory);

    /// <summary>Takes back the faults that have not struck yet.</summary>
    internal void Disarm()
    {
        Volume.DisarmFault();
        _current?.EndAfter(0, static () => { });
        _current?.EndInCall(0, static _ => { });
    }

    /// <summary>Holds the node.</summary>
    public void Pause()
    {
        _scheduler.Say($"{_current!.Name} pauses");
        _current.Pause();
    }

    /// <summary>Lets it go on.</summary>
    public void Resume()
    {
        if (IsPaused)
        {
            _scheduler.Say($"{_current!.Name} goes on");
            ResumedUs = _scheduler.NowUs;
            _current.Resume();
        }
    }

    // Clocks of machines run up to two in a hundred fast or slow.
    private double ClockRate() => 0.98 + (0.04 * _random.Split("clock").NextUnit());

    private void End(string how, bool losePower)
    {
        if (!IsUp)
        {
            return;
        }

        _scheduler.Say($"{_current!.Name} {how}");
        Volume.DisarmFault();
        _network.Host(Name).HasPower = !losePower;
        _current.Kill();
        if (losePower)
        {
            Volume.LosePower();
        }
    }

    private async Task StartAsync(World world, Incarnation owner)
    {
        Node node;
        try
        {
            node = await MakeAsync(world, owner);
            Node = node;
            await node.StartAsync();
        }
        catch (NodeStartException rejection) when (IsDestroyed)
        {
            _scheduler.Say($"{owner.Name} declines to start over an empty disk: {rejection.Message}");
            HasRejectedToStart = true;
            owner.Kill();
            return;
        }
        catch (Exception failure) when (Volume.HasRejected && (failure is DiskException or NodeStartException))
        {
            _scheduler.Say($"{owner.Name} cannot start: {failure.Message}");
            owner.Kill();
            Halted();
            return;
        }

        _scheduler.Say($"{owner.Name} has started");
        if (IsDestroyed)
        {
            _scheduler.Fail(
                $"wiped-rejects: {owner.Name} has started over an empty disk, and could vote and lead as if it knew what it has forgotten"
            );
        }

        await node.Ready;
        _hasBeenReady = true;
        _scheduler.Say($"{owner.Name} is ready");
    }

    static partial void SeededBugFormatsAnew(ref bool isNew);

    private async ValueTask<Node> MakeAsync(World world, Incarnation owner)
    {
        world.Disk.CreateDirectory(NodeLogDirectory);
        bool isNew = !IsDestroyed;
        SeededBugFormatsAnew(ref isNew);
        if (isNew && !StorageFormatter.IsFormatted(_config, world.Disk))
        {
            await StorageFormatter.FormatAsync(_config, _clusterId, StorageFormatter.DefaultFeatures, world);
        }

        NodeLog nodeLog = new(world.Disk, world.Time, $"{NodeLogDirectory}/{Name}.log", line => _scheduler.Say($"{owner.Name}: {line}"));
        return new Node(_config, world, nodeLog);
    }
}
