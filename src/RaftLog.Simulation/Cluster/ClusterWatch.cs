using System.Diagnostics.CodeAnalysis;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// Looks at what each node believes about the cluster whenever that has changed, and fails the run when two nodes have ever believed
/// different things about one offset of the metadata log, in two leaders of one epoch, or in something that no majority has on its disks.
/// </summary>
internal sealed class ClusterWatch
{
    private const char LabelMark = '#';
    private const int KeptImages = 500;

    /// <summary>
    /// Clocks run up to two in a hundred fast, and a session begins when the heartbeat is taken, before its response leaves.
    /// </summary>
    private const double SessionTolerance = 0.8;

    /// <summary>Its clock may be slow, and its event loop has steps.</summary>
    private const double TenureTolerance = 1.2;

    private readonly SimCluster _cluster;
    private readonly SimScheduler _scheduler;
    private readonly QuorumWatch _quorum;
    private readonly MetadataTail _tail;
    private readonly SortedDictionary<int, MetadataImage> _last = [];
    private readonly Dictionary<(TopicPartition, PartitionEpoch), PartitionRegistration> _versions = [];
    private readonly Dictionary<(TopicPartition, LeaderEpoch), NodeId> _leaders = [];
    private readonly SortedDictionary<TopicPartition, (PartitionRegistration Registration, Offset At)> _newest = [];
    private readonly Dictionary<Uuid, string> _names = [];
    private readonly Dictionary<string, Uuid> _ids = [];
    private readonly SortedDictionary<long, Belief> _byOffset = [];
    private readonly HashSet<(NodeId, BrokerEpoch)> _ready = [];
    private readonly Dictionary<(NodeId, BrokerEpoch), long> _accepted = [];
    private readonly HashSet<(NodeId, BrokerEpoch)> _leaving = [];
    private Offset _newestOffset = Offset.None;

    internal ClusterWatch(SimCluster cluster, QuorumWatch quorum, MetadataTail tail)
    {
        _cluster = cluster;
        _quorum = quorum;
        _tail = tail;
        _scheduler = cluster.Scheduler;
    }

    /// <summary>Told of each new version of a partition.</summary>
    internal Action<TopicPartition, PartitionRegistration> Changed { get; init; } = static (_, _) => { };

    /// <summary>How many fences were held against what the broker had been told before.</summary>
    internal int FenceChecks { get; private set; }

    /// <summary>How many heartbeats that a controller accepted were held against who leads.</summary>
    internal int TenureChecks { get; private set; }

    /// <summary>The number of leaderships that began.</summary>
    internal int Elections => _leaders.Count;

    /// <summary>The number of leaderships that began, but for the first of each partition.</summary>
    internal int LeaderChanges => _leaders.Keys.Count(each => each.Item2 > LeaderEpoch.Zero);

    /// <summary>How often a broker was fenced.</summary>
    internal int Fencings { get; private set; }

    /// <summary>How many images of two nodes at one offset were compared.</summary>
    internal int Compared { get; private set; }

    /// <summary>Versions of partitions with fewer members in sync than replicas.</summary>
    internal int Shrunk { get; private set; }

    /// <summary>Versions of partitions without a leader.</summary>
    internal int Leaderless { get; private set; }

    /// <summary>The newest version of a partition that any node believes in.</summary>
    internal bool TryFind(TopicPartition partition, [NotNullWhen(true)] out PartitionRegistration? found)
    {
        bool known = _newest.TryGetValue(partition, out (PartitionRegistration Registration, Offset At) newest);
        found = known ? newest.Registration : null;
        return known;
    }

    /// <summary>What one node believes about a partition.</summary>
    internal bool TryFindAt(int node, TopicPartition partition, [NotNullWhen(true)] out PartitionRegistration? found)
    {
        found = null;
        return _last.TryGetValue(node, out MetadataImage? image)
            && _ids.TryGetValue(partition.Topic, out Uuid id)
            && image.Topics.TryGetPartition(id, partition.Partition, out found);
    }

    /// <summary>The name and the id of the topic that a label stands for.</summary>
    internal (string Name, Uuid Id) NamesakeOf(string label) => (label.Split(LabelMark)[0], _ids[label]);

    /// <summary>The id of a partition's topic, and the offset at which its newest version was first seen.</summary>
    internal (Uuid Topic, Offset At) Origin(TopicPartition partition) => (_ids[partition.Topic], _newest[partition].At);

    /// <summary>The newest version of every partition of a topic.</summary>
    internal IEnumerable<(TopicPartition Name, PartitionRegistration Registration)> PartitionsOf(string topic) =>
        _newest.Where(each => each.Key.Topic == topic).Select(each => (each.Key, each.Value.Registration));

    /// <summary>A machine is about to lose its disk.</summary>
    internal void DiskGoes(int machine) => _quorum.DiskGoes(machine);

    /// <summary>True when every replica on a node has two others in sync.</summary>
    internal bool AllInSync(int node) =>
        _newest.Values.All(each =>
            !each.Registration.Replicas.Contains(new NodeId(node)) || each.Registration.Isr.Count(member => member.Value != node) >= 2
        );

    /// <summary>True when a node is in sync in any partition, as the newest versions say.</summary>
    internal bool IsInSync(int node) => _newest.Values.Any(each => each.Registration.Isr.Contains(new NodeId(node)));

    /// <summary>The partitions that a fenced broker has a replica of and is not in sync in; none while it is not fenced.</summary>
    internal IEnumerable<TopicPartition> OutOfSync(int node) =>
        _last.Values.MaxBy(each => each.Provenance.LastOffset)?.Brokers.GetValueOrDefault(new NodeId(node)) is { Fenced: true }
            ? _newest
                .Where(each =>
                    each.Value.Registration.Replicas.Contains(new NodeId(node)) && !each.Value.Registration.Isr.Contains(new NodeId(node))
                )
                .Select(each => each.Key)
            : [];

    /// <summary>True when a node knows a topic.</summary>
    internal bool Knows(int node, string topic) => _last.TryGetValue(node, out MetadataImage? image) && image.Topics.TryGet(topic, out _);

    /// <summary>The name of a topic, where any node knows it.</summary>
    internal string? NameOf(Uuid id) => _names.GetValueOrDefault(id);

    /// <summary>A broker tells the controller that it is there.</summary>
    internal void HeartbeatLeaves(BrokerHeartbeatRequest heartbeat)
    {
        if (!heartbeat.WantFence)
        {
            _ready.Add((heartbeat.BrokerId, heartbeat.BrokerEpoch));
        }

        if (heartbeat.WantFence || heartbeat.WantShutDown)
        {
            _leaving.Add((heartbeat.BrokerId, heartbeat.BrokerEpoch));
        }
    }

    /// <summary>
    /// A controller accepts a heartbeat: the broker's session began anew when the request came, which may be long before the response
    /// leaves, since that waits for what the controller rests on to be committed. The time at which the request left is the one that no
    /// delay makes too late.
    /// </summary>
    internal void HeartbeatAccepted(int from, BrokerHeartbeatRequest heartbeat, BrokerHeartbeatResponse response, long leftUs)
    {
        if (response.ErrorCode == ErrorCode.None && !response.IsFenced && _quorum.IsNewestLeader(from))
        {
            _accepted[(heartbeat.BrokerId, heartbeat.BrokerEpoch)] = leftUs;
        }

        RequireTenure(from, response);
    }

    /// <summary>
    /// A controller that another has replaced has no majority that fetches from it since, so it gives up within a bound and answers nothing
    /// more as if it decided; not counting a time in which its process was held.
    /// </summary>
    private void RequireTenure(int from, BrokerHeartbeatResponse response)
    {
        TenureChecks += response.ErrorCode == ErrorCode.None ? 1 : 0;
        if (response.ErrorCode != ErrorCode.None || _quorum.IsNewestLeader(from) || _quorum.IsElectedSince(from))
        {
            return;
        }

        SimMachine machine = _cluster.Machine(from);
        long sinceUs = Math.Max(_quorum.NewestBegunUs, machine.ResumedUs);
        if (_scheduler.NowUs - sinceUs > (_cluster.LoneLeadership * TenureTolerance).TotalMicroseconds)
        {
            _scheduler.Fail(
                $"tenure-ends: {machine.Name} accepts a heartbeat as the active controller {(_scheduler.NowUs - sinceUs) / 1000} ms "
                    + $"after n{_quorum.NewestLeader} began to lead the quorum"
            );
        }
    }

    internal void LookAtAll()
    {
        foreach (SimMachine machine in _cluster.Machines)
        {
            Look(machine.Number);
        }
    }

    internal void Look(int node)
    {
        if (!_cluster.IsNode(node))
        {
            return;
        }

        SimMachine machine = _cluster.Machine(node);
        if (machine.IsUp && machine.Node is { } program)
        {
            MetadataImage image = program.Image;
            MetadataImage? before = _last.GetValueOrDefault(node);
            if (!ReferenceEquals(before, image) && image.Provenance.LastOffset >= Offset.Zero)
            {
                _last[node] = image;
                Look(machine, image, before);
            }
        }
    }

    private void Look(SimMachine machine, MetadataImage image, MetadataImage? before)
    {
        _quorum.Believed(machine.Number, image.Provenance.EndOffset, "believes");
        CompareWithOthers(machine, image);
        if (before is not null && ReferenceEquals(before.Topics, image.Topics) && ReferenceEquals(before.Brokers, image.Brokers))
        {
            return;
        }

        foreach (BrokerRegistration broker in image.Brokers.Values)
        {
            RequireCause(machine, broker);
            if (before is not null && image.Provenance.LastOffset > _newestOffset)
            {
                RequireFenceCause(machine, broker, image, before);
            }

            Fencings += broker.Fenced && before?.Brokers.GetValueOrDefault(broker.Id) is { Fenced: false } ? 1 : 0;
        }

        _newestOffset = Offset.Max(_newestOffset, image.Provenance.LastOffset);
        foreach (TopicImage topic in image.Topics.InNameOrder)
        {
            string label = LabelOf(topic);
            foreach ((int index, PartitionRegistration partition) in topic.Partitions)
            {
                Look(machine, new TopicPartition(label, index), partition, image);
            }
        }

        if (before is null || before.Provenance.LastOffset > image.Provenance.LastOffset)
        {
            // A node that has started again knows less at first.
            return;
        }

        foreach (TopicImage deleted in before.Topics.InNameOrder.Where(each => !image.Topics.TryGet(each.Id, out _)))
        {
            foreach (int index in deleted.Partitions.Keys)
            {
                _newest.Remove(new TopicPartition(_names[deleted.Id], index));
            }
        }
    }

    /// <summary>
    /// A topic's name; that of one with a deleted namesake, with a number besides: all that is kept of topics is kept by it.
    /// </summary>
    private string LabelOf(TopicImage topic)
    {
        if (!_names.TryGetValue(topic.Id, out string? label))
        {
            label = topic.Name;
            for (int number = 2; _ids.ContainsKey(label); number++)
            {
                label = $"{topic.Name}{LabelMark}{number}";
            }

            _names.Add(topic.Id, label);
            _ids.Add(label, topic.Id);
        }

        return label;
    }

    private void Look(SimMachine machine, TopicPartition name, PartitionRegistration partition, MetadataImage image)
    {
        CheckFencing(machine, name, partition, image);
        if (!_versions.TryAdd((name, partition.PartitionEpoch), partition))
        {
            if (!_versions[(name, partition.PartitionEpoch)].Equals(partition))
            {
                _scheduler.Fail(
                    $"equal-beliefs: {machine.Name} believes something else about {name} in partition epoch {partition.PartitionEpoch} "
                        + $"than another node did"
                );
            }

            return;
        }

        _scheduler.Say(
            $"{name} is led by {partition.Leader} in epoch {partition.LeaderEpoch}, in sync are {string.Join(' ', partition.Isr)}, "
                + $"eligible besides {string.Join(' ', partition.EligibleLeaders)}"
        );
        Shrunk += partition.Isr.Count < partition.Replicas.Count ? 1 : 0;
        Leaderless += partition.HasLeader ? 0 : 1;
        if (
            partition.HasLeader
            && !_leaders.TryAdd((name, partition.LeaderEpoch), partition.Leader)
            && _leaders[(name, partition.LeaderEpoch)] != partition.Leader
        )
        {
            _scheduler.Fail(
                $"one-leader: {name} had two leaders in epoch {partition.LeaderEpoch}: {_leaders[(name, partition.LeaderEpoch)]} and "
                    + $"{partition.Leader}"
            );
        }

        if (!TryFind(name, out PartitionRegistration? newest) || newest.PartitionEpoch < partition.PartitionEpoch)
        {
            _newest[name] = (partition, image.Provenance.LastOffset);
            Changed(name, partition);
        }
    }

    /// <summary>
    /// Whoever is unfenced has said, in this incarnation, that it is ready. A node that has led the quorum since it registered may have
    /// said so to itself, where no wire shows it. Where nobody watches the wire there is nothing to hold it against.
    /// </summary>
    private void RequireCause(SimMachine machine, BrokerRegistration broker)
    {
        if (_cluster.Network.Watch is null)
        {
            return;
        }

        SimMachine own = _cluster.Machine(broker.Id.Value);
        if (own.Node?.QuorumLeader == broker.Id)
        {
            _ready.Add((broker.Id, broker.Epoch));
        }

        if (!broker.Fenced && !_ready.Contains((broker.Id, broker.Epoch)))
        {
            _scheduler.Fail(
                $"unfence-has-cause: {machine.Name} believes that {broker.Id} with epoch {broker.Epoch} is not fenced, and nobody has "
                    + $"asked for that in this incarnation"
            );
        }
    }

    /// <summary>
    /// Whoever is fenced has asked for it, or its session is over, or its process is gone. A session begins anew with each heartbeat that
    /// is accepted, and with a new controller for all that are not fenced then. Whom nobody has heard of on the wire since it registered
    /// says nothing. Where a belief changes across epochs, the record that fences tells whether the new controller wrote it.
    /// </summary>
    private void RequireFenceCause(SimMachine machine, BrokerRegistration broker, MetadataImage image, MetadataImage before)
    {
        LeaderEpoch epoch = image.Provenance.LastEpoch;
        if (
            !broker.Fenced
            || before.Brokers.GetValueOrDefault(broker.Id) is not { Fenced: false } earlier
            || earlier.Epoch != broker.Epoch
            || (before.Provenance.LastEpoch != epoch && _tail.FencedIn(machine, broker.Id, broker.Epoch) != epoch)
            || _quorum.BegunUs(epoch) is not { } begunUs
            || _leaving.Contains((broker.Id, broker.Epoch))
            || !_accepted.TryGetValue((broker.Id, broker.Epoch), out long acceptedUs)
        )
        {
            return;
        }

        FenceChecks++;
        SimMachine fenced = _cluster.Machine(broker.Id.Value);
        long sinceUs = Math.Max(begunUs, acceptedUs);
        bool isThere = fenced.IsUp && !fenced.IsStopping && fenced.StartedUs < Math.Min(begunUs, acceptedUs);
        if (isThere && _scheduler.NowUs - sinceUs < _cluster.SessionTimeout.TotalMicroseconds * SessionTolerance)
        {
            _scheduler.Fail(
                $"fence-has-cause: {machine.Name} believes at offset {image.Provenance.LastOffset} that {broker.Id} with epoch "
                    + $"{broker.Epoch} is fenced; "
                    + $"its process runs, and its session began anew {(_scheduler.NowUs - sinceUs) / 1000} ms ago"
            );
        }
    }

    private void CheckFencing(SimMachine machine, TopicPartition name, PartitionRegistration partition, MetadataImage image)
    {
        foreach (NodeId member in partition.Isr)
        {
            bool active = image.Brokers.TryGetValue(member, out BrokerRegistration? broker) && !broker.Fenced;
            // Brokers that are fenced in one step all stay in sync in a partition that has lost its leader so: each has every committed
            // record.
            if (!active && partition.HasLeader)
            {
                _scheduler.Fail(
                    $"in-sync-unfenced: {machine.Name} believes at offset {image.Provenance.LastOffset} that {member}, which is fenced, "
                        + $"is in sync in {name} ({string.Join(' ', partition.Isr)}, leader {partition.Leader})"
                );
            }
        }
    }

    private void CompareWithOthers(SimMachine machine, MetadataImage image)
    {
        long offset = image.Provenance.LastOffset.Value;
        if (!_byOffset.TryGetValue(offset, out Belief? other))
        {
            _byOffset.Add(offset, new Belief(image, machine.Number));
            if (_byOffset.Count > KeptImages)
            {
                _byOffset.Remove(_byOffset.Keys.First());
            }

            return;
        }

        if (other.Node == machine.Number || ReferenceEquals(other.Image, image))
        {
            return;
        }

        Compared++;
        if (image.Provenance != other.Image.Provenance || !image.Fingerprint().SequenceEqual(other.Fingerprint))
        {
            _scheduler.Fail(
                $"equal-beliefs: {machine.Name} and n{other.Node} believe different things at offset {offset} of the metadata log"
            );
        }
    }

    /// <summary>What the first node at an offset of the metadata log believes; others are compared with it.</summary>
    private sealed class Belief(MetadataImage image, int node)
    {
        private byte[]? _fingerprint;

        public MetadataImage Image => image;

        public int Node => node;

        public byte[] Fingerprint => _fingerprint ??= image.Fingerprint();
    }
}
