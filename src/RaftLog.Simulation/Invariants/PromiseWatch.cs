using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>
/// Holds what leaves the machines against the disk images at that very moment: nothing may be told that a loss of power could take back.
/// Durability is read from the images and never from a node.
/// </summary>
internal sealed class PromiseWatch
{
    private const string MetadataTopic = "__cluster_metadata";
    private const short AllReplicas = -1;
    private const long EarliestTimestamp = -2;
    private const long MaxTimestamp = -3;
    private const int LooksBetweenFiles = 4;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly SimCluster _cluster;
    private readonly SimScheduler _scheduler;
    private readonly DiskImages _images;
    private readonly ClusterWatch _beliefs;
    private readonly PendingTruncations _truncations;
    private readonly MetadataTail _tail;
    private readonly HighWatermarkCheckpoints _checkpoints;
    private readonly SortedDictionary<TopicPartition, IPartitionLedger> _ledgers = [];
    private readonly ReplicaCounts _assigned = new();
    private readonly SimulationOptions _options;
    private int _looks;
    private readonly Dictionary<TopicPartition, Offset> _acknowledged = [];
    private readonly Dictionary<(WireTap, TopicPartition), (LeaderEpoch Epoch, Offset HighWatermark)> _reported = [];

    private readonly Dictionary<(int, TopicPartition), (LeaderEpoch Epoch, Offset HighWatermark)> _toldBy = [];

    /// <summary>Virtual microseconds since the beginning.</summary>
    internal long NowUs => _scheduler.NowUs;

    internal PromiseWatch(SimCluster cluster, SimulationOptions options)
    {
        _options = options;
        _cluster = cluster;
        _scheduler = cluster.Scheduler;
        _images = new DiskImages(cluster, options.Promise)
        {
            Namesake = topic => DrawnTopicNames.IsReused(topic) ? _beliefs!.NamesakeOf(topic) : null,
            Came = (node, partition, image) => LedgerOf(partition).Came(node, image),
            Gone = (node, partition, batch, image) =>
            {
                if (!cluster.Machine(node).IsDestroyed && !HasLeft(node, partition))
                {
                    Cuts++;
                    if (!_truncations!.Ends(node, partition, batch))
                    {
                        LedgerOf(partition).Gone(node, batch, image);
                    }
                }
            },
        };
        _truncations = new PendingTruncations(_images);
        Derived = new DerivedResponses(cluster);
        Files = new DerivedFiles(cluster);
        _checkpoints = new HighWatermarkCheckpoints(cluster);
        Starts = new LogStarts(cluster, _images, options.Retained, options.Faults.Weights.ContainsKey(FaultKind.ClockJump));
        Quorum = new QuorumWatch(cluster, _images);
        _tail = new MetadataTail(cluster, _images);
        HandedOut = new HandedOut(cluster, _tail, Quorum);
        Timely = new TimelyWatch(cluster, Quorum, options);
        Requests = options.RequestBudget is { } budget ? new RequestMemory(cluster, budget) : null;
        _beliefs = new ClusterWatch(cluster, Quorum, _tail)
        {
            Changed = (partition, registration) =>
            {
                _assigned.Note(partition, registration.Replicas.Count, NowUs);
                CheckInSync(partition, registration, from: 0);
            },
        };
        Next();
    }

    /// <summary>The quorum's part.</summary>
    internal QuorumWatch Quorum { get; }

    /// <summary>What nodes tell out of what they have derived.</summary>
    internal DerivedResponses Derived { get; }

    /// <summary>What nodes have on their disks of what they have derived.</summary>
    internal DerivedFiles Files { get; }

    /// <summary>How many high watermarks that a checkpoint says were held against disk images.</summary>
    internal long CheckpointChecks { get; private set; }

    /// <summary>Where logs begin.</summary>
    internal LogStarts Starts { get; }

    /// <summary>What must have happened by now.</summary>
    internal TimelyWatch Timely { get; }

    /// <summary>What nodes hold of large requests; null where these have plenty of memory.</summary>
    internal RequestMemory? Requests { get; }

    /// <summary>What is handed out once, ever.</summary>
    internal HandedOut HandedOut { get; }

    /// <summary>Answers that only races and faults bring about.</summary>
    internal RareResponses Rare { get; } = new();

    /// <summary>What the nodes believe.</summary>
    internal ClusterWatch Beliefs => _beliefs;

    /// <summary>How many times an offset that was told was held against a disk image.</summary>
    internal long Checks { get; private set; }

    /// <summary>How often a replica's log has come to lie in another log directory.</summary>
    internal int Moves => _images.Moves;

    /// <summary>Batches that images have lost.</summary>
    internal long Cuts { get; private set; }

    /// <summary>How many committed batches compaction has removed or written anew in an image.</summary>
    internal long Rewritten => RewrittenIn(isInternal: false);

    /// <summary>How long a tombstone of the compacted topic stays; null where wall clocks jump, so that nobody can say.</summary>
    internal TimeSpan? TombstonesStay => TombstonesStayIn(LogTopic.Compacted);

    /// <summary>The same of the internal topics.</summary>
    internal long RewrittenInternal => RewrittenIn(isInternal: true);

    /// <summary>How many acknowledgements were held against as many disk images as the topic demands.</summary>
    internal long StrengthChecks { get; private set; }

    /// <summary>How many acknowledgements were held against what stands at their offset.</summary>
    internal long PlaceChecks { get; private set; }

    /// <summary>How many last stable offsets were held against the transactions of their logs.</summary>
    internal long StableChecks { get; private set; }

    /// <summary>A response leaves that belongs to another request than the oldest open one, or to none.</summary>
    internal void OutOfTurn(int server, int correlation, string oldest) =>
        _scheduler.Fail(
            $"response-in-turn: n{server} answers with correlation id {correlation}, and the oldest request that is open on the "
                + $"connection is {oldest}"
        );

    /// <summary>A step of a node is over.</summary>
    internal void Stepped(Incarnation owner) => _beliefs.Look(owner.Number);

    /// <summary>A fetch leaves a client or a follower.</summary>
    internal void FetchLeaves(int from, FetchRequest request, short version)
    {
        if (!IsFollower(request, version) || !_cluster.IsNode(from))
        {
            return;
        }

        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            foreach (FetchRequest.FetchPartition fetch in topic.Partitions)
            {
                if (topic.TopicId == Uuid.ClusterMetadata || topic.Topic == MetadataTopic)
                {
                    Quorum.FetchLeaves(from, fetch);
                }
                else if (NameOf(topic.Topic, topic.TopicId) is { } name)
                {
                    RequireFlushed(from, new TopicPartition(name, fetch.Partition), fetch.FetchOffset);
                }
            }
        }
    }

    /// <summary>Acknowledgements leave a leader.</summary>
    internal void ProducedLeaves(int from, ProduceRequest request, ProduceResponse response, short version)
    {
        if (request.Acks != AllReplicas)
        {
            return;
        }

        foreach (ProduceResponse.TopicProduceResponse topic in response.Responses)
        {
            ProduceRequest.TopicProduceData? asked = request.TopicData.FirstOrDefault(each =>
                version >= 13 ? each.TopicId == topic.TopicId : each.Name == topic.Name
            );
            if (asked is null || NameOf(topic.Name, topic.TopicId) is not { } name)
            {
                continue;
            }

            foreach (ProduceResponse.PartitionProduceResponse each in topic.PartitionResponses)
            {
                if (
                    each.ErrorCode == ErrorCode.None
                    && each.BaseOffset >= Offset.Zero
                    && asked.PartitionData.FirstOrDefault(data => data.Index == each.Index)?.Records is { } records
                )
                {
                    TopicPartition partition = new(name, each.Index);
                    Offset end = each.BaseOffset + OffsetsOf(records.Span);
                    OnClaim(from, partition, end, "acknowledges records up to");
                    RequireStrength(from, partition, end);
                    RequireThere(from, partition, each.BaseOffset, records.Span);
                }
            }
        }
    }

    /// <summary>A response to a fetch leaves a leader.</summary>
    internal void FetchedLeaves(int from, FetchRequest request, FetchResponse response, short version, WireTap connection)
    {
        if (response.ErrorCode != ErrorCode.None)
        {
            return;
        }

        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            bool isMetadata = topic.TopicId == Uuid.ClusterMetadata || topic.Topic == MetadataTopic;
            string? name = isMetadata ? null : NameOf(topic.Topic, topic.TopicId);
            foreach (FetchResponse.PartitionData each in topic.Partitions)
            {
                if (each.ErrorCode != ErrorCode.None || each.HighWatermark < Offset.Zero)
                {
                    continue;
                }

                if (isMetadata)
                {
                    Quorum.Believed(from, each.HighWatermark, "tells of");
                }
                else if (name is not null)
                {
                    TopicPartition partition = new(name, each.PartitionIndex);
                    if (each.DivergingEpoch.EndOffset >= Offset.Zero)
                    {
                        Derived.OnEpochEndSent(from, partition, each.DivergingEpoch.Epoch, each.DivergingEpoch.EndOffset);
                    }

                    CheckMonotonic(from, partition, each.HighWatermark, connection);
                    OnClaim(from, partition, each.HighWatermark, "tells of the high watermark");
                    if (each.LastStableOffset >= Offset.Zero && !IsFollower(request, version))
                    {
                        StableChecks++;
                        (LedgerOf(partition) as PartitionLedger)?.CheckStable(from, each.LastStableOffset, each.HighWatermark);
                    }

                    OnStartSent(from, partition, each.LogStartOffset);
                }
            }
        }
    }

    /// <summary>Low watermarks leave a leader that has deleted records.</summary>
    internal void DeletedLeaves(int from, DeleteRecordsResponse response)
    {
        foreach (DeleteRecordsResponse.DeleteRecordsTopicResult topic in response.Topics)
        {
            foreach (DeleteRecordsResponse.DeleteRecordsPartitionResult each in topic.Partitions)
            {
                if (each.ErrorCode == ErrorCode.None)
                {
                    OnStartSent(from, new TopicPartition(topic.Name, each.PartitionIndex), each.LowWatermark);
                }
            }
        }
    }

    /// <summary>The first offset of a log leaves a leader.</summary>
    internal void OffsetsLeave(int from, ListOffsetsRequest request, ListOffsetsResponse response)
    {
        foreach (ListOffsetsResponse.TopicData topic in response.Topics)
        {
            foreach (ListOffsetsResponse.PartitionData each in topic.Partitions)
            {
                long? wanted = request
                    .Topics.Find(asked => asked.Name == topic.Name)
                    ?.Partitions.Find(asked => asked.PartitionIndex == each.PartitionIndex)
                    ?.Timestamp;
                TopicPartition partition = new(topic.Name, each.PartitionIndex);
                if (each.ErrorCode == ErrorCode.None && wanted == EarliestTimestamp)
                {
                    OnStartSent(from, partition, each.Offset);
                }
                else if (each.ErrorCode == ErrorCode.None && wanted == MaxTimestamp)
                {
                    Derived.LatestFound(from, partition, each.Timestamp, ToldBy(from, partition), LedgerOf(partition));
                }
                else if (each.ErrorCode == ErrorCode.None && wanted >= 0)
                {
                    Derived.TimeFound(
                        from,
                        partition,
                        wanted.Value,
                        each.Offset,
                        request.IsolationLevel == 0 ? ToldBy(from, partition) : Offset.Zero,
                        LedgerOf(partition)
                    );
                }
            }
        }
    }

    private long RewrittenIn(bool isInternal) =>
        _ledgers
            .Where(each => each.Key.Topic == LogTopic.Compacted != isInternal)
            .Select(static each => each.Value)
            .OfType<KeyedLedger>()
            .Sum(static each => each.Rewritten);

    private TimeSpan? TombstonesStayIn(string topic) =>
        _options.Faults.Weights.ContainsKey(FaultKind.ClockJump) ? null
        : topic == LogTopic.Compacted ? TimeSpan.FromMilliseconds(_options.Compacted?.Find("delete.retention.ms") ?? 0)
        : _options.Coordinated.TombstonesStay;

    private static bool IsFollower(FetchRequest request, short version) =>
        (version >= 15 ? request.ReplicaState?.ReplicaId.Value ?? -1 : request.ReplicaId.Value) >= 0;

    private static int OffsetsOf(ReadOnlySpan<byte> records)
    {
        int count = 0;
        foreach (RecordBatch batch in new RecordBatches(records))
        {
            count += batch.LastOffsetDelta + 1;
        }

        return count;
    }

    private void Next() =>
        _scheduler.After(
            Interval,
            () =>
            {
                _beliefs.LookAtAll();
                if (_cluster.Network.Watch is not null)
                {
                    Timely.Look();
                    LookAtCheckpoints();
                }

                bool looksAtFiles = _looks++ % LooksBetweenFiles == 0;
                foreach ((TopicPartition partition, IPartitionLedger ledger) in _ledgers)
                {
                    foreach (SimMachine machine in _cluster.Machines)
                    {
                        _images.Of(machine.Number, partition);
                        if (looksAtFiles)
                        {
                            Files.Look(machine, partition);
                        }
                    }

                    if (_beliefs.TryFind(partition, out PartitionRegistration? registration))
                    {
                        CheckInSync(partition, registration, Math.Max(0, ledger.Count - 1));
                    }
                }

                Next();
            }
        );

    /// <summary>
    /// A checkpoint says how far a partition is committed, and a node believes it when it starts: what it says is on the disks of all that
    /// are in sync. Topics that have or had a namesake are left out, since a checkpoint names them alone.
    /// </summary>
    private void LookAtCheckpoints()
    {
        foreach ((SimMachine machine, TopicPartition partition, Offset highWatermark) in _checkpoints.TakeNew())
        {
            if (partition.Topic == MetadataTopic)
            {
                Quorum.Believed(machine.Number, highWatermark, "has a checkpoint of");
            }
            else if (
                _ledgers.ContainsKey(partition)
                && !DrawnTopicNames.IsReused(partition.Topic)
                && !machine.HasLostLogs
                && !machine.IsDestroyed
            )
            {
                CheckpointChecks++;
                OnClaim(machine.Number, partition, highWatermark, "has a checkpoint of the high watermark");
            }
        }
    }

    /// <summary>
    /// A replica whose partition is assigned to others goes, and may come back empty: it must lose nothing once it is in sync.
    /// </summary>
    private bool HasLeft(int node, TopicPartition partition) =>
        partition.Topic == AssignmentProgram.Topic
        && _beliefs.TryFind(partition, out PartitionRegistration? registration)
        && !registration.Isr.Contains(new NodeId(node));

    private void RequireFlushed(int node, TopicPartition partition, Offset end)
    {
        Checks++;
        if (!_images.Covers(node, partition, end))
        {
            _scheduler.Fail(
                $"flushed-fetch: n{node} fetches {partition} from {end}, and its disk image ends at {_images.Of(node, partition).End}"
            );
        }
    }

    private void OnClaim(int node, TopicPartition partition, Offset end, string how)
    {
        IPartitionLedger ledger = LedgerOf(partition);
        if (end <= ledger.End)
        {
            return;
        }

        Checks++;
        _beliefs.LookAtAll();
        int from = ledger.Count;
        if (_beliefs.TryFind(partition, out PartitionRegistration? registration))
        {
            _truncations.Note(partition, registration, ledger.End, end);
        }

        ledger.Advance(end, node, _images.Of(node, partition), how);
        if (registration is not null)
        {
            CheckInSync(partition, registration, from);
        }
    }

    /// <summary>
    /// A record that is acknowledged for the first time is on as many disk images as min.insync.replicas demands, however few are in sync
    /// at that moment. Where a partition has fewer replicas, their number takes the place of min.insync.replicas, as in Kafka; a leader
    /// acts on the assignment that it knows. A disk that was lost, or a log that was taken away, counts as one that had it.
    /// </summary>
    private void RequireStrength(int from, TopicPartition partition, Offset end)
    {
        if (
            end <= _acknowledged.GetValueOrDefault(partition, Offset.Zero)
            || !_beliefs.TryFind(partition, out PartitionRegistration? registration)
        )
        {
            return;
        }

        _acknowledged[partition] = end;
        IPartitionLedger ledger = LedgerOf(partition);
        int needed = Math.Min(_cluster.MinInSync, _assigned.FewestOf(partition, NowUs));
        int have = 0;
        foreach (NodeId replica in registration.Replicas)
        {
            SimMachine machine = _cluster.Machine(replica.Value);
            have += machine.IsDestroyed || machine.HasLostLogs || ledger.Has(_images.Of(replica.Value, partition), end - 1) ? 1 : 0;
        }

        StrengthChecks++;
        if (have < needed)
        {
            _scheduler.Fail(
                $"acknowledged-on-enough: n{from} acknowledges {partition} up to {end}, which {have} disk images have, and "
                    + $"min.insync.replicas is {needed}: "
                    + string.Join("; ", registration.Replicas.Select(each => $"n{each} has {_images.Of(each.Value, partition)}"))
            );
        }
    }

    /// <summary>
    /// What is acknowledged is what stands there: a repeated batch gets the place of its first copy, and nothing else gets it.
    /// </summary>
    private void RequireThere(int from, TopicPartition partition, Offset at, ReadOnlySpan<byte> records)
    {
        if (
            LedgerOf(partition) is not PartitionLedger ledger
            || RecordBatch.Read(records, out RecordBatch sent) != BatchStatus.Complete
            || !sent.ProducerId.IsPresent
            || ledger.Find(at) is not { } there
        )
        {
            return;
        }

        PlaceChecks++;
        if (
            there.Base != at
            || there.Producer != sent.ProducerId
            || there.ProducerEpoch != sent.ProducerEpoch
            || there.FirstSequence != sent.BaseSequence
        )
        {
            _scheduler.Fail(
                $"acknowledged-is-there: n{from} acknowledges the batch of producer {sent.ProducerId} in epoch {sent.ProducerEpoch} "
                    + $"from sequence {sent.BaseSequence} on at {at} of "
                    + $"{partition}, where {there} of producer {there.Producer} in epoch {there.ProducerEpoch} from sequence "
                    + $"{there.FirstSequence} on stands"
            );
        }
    }

    /// <summary>A node tells where a log begins.</summary>
    private void OnStartSent(int node, TopicPartition partition, Offset start)
    {
        if (start <= Offset.Zero)
        {
            return;
        }

        OnClaim(node, partition, start, "tells that the log begins at");
        Starts.OnClaim(
            node,
            partition,
            start,
            LedgerOf(partition),
            _beliefs.TryFind(partition, out PartitionRegistration? registration) ? registration : null
        );
    }

    private void CheckInSync(TopicPartition partition, PartitionRegistration registration, int from)
    {
        IPartitionLedger ledger = LedgerOf(partition);
        foreach (NodeId member in registration.Isr)
        {
            if (_cluster.Machine(member.Value).IsDestroyed)
            {
                continue;
            }

            Starts.Look(member.Value, partition, ledger);
            if (
                ledger.FirstMissing(member.Value, _images.Of(member.Value, partition), from) is not { } missing
                || _tail.HasLeft(partition, registration, member, _beliefs)
            )
            {
                continue;
            }

            _scheduler.Fail(
                $"in-sync-has-all: {partition}: n{member} is in sync ({string.Join(' ', registration.Isr)}, partition epoch "
                    + $"{registration.PartitionEpoch}), and its disk image, "
                    + $"which ends at {_images.Of(member.Value, partition).End}, lacks {missing}"
            );
        }
    }

    private void CheckMonotonic(int node, TopicPartition partition, Offset highWatermark, WireTap connection)
    {
        if (!_beliefs.TryFindAt(node, partition, out PartitionRegistration? believed) || believed.Leader.Value != node)
        {
            return;
        }

        if (
            _reported.TryGetValue((connection, partition), out (LeaderEpoch Epoch, Offset HighWatermark) before)
            && before.Epoch == believed.LeaderEpoch
            && highWatermark < before.HighWatermark
        )
        {
            _scheduler.Fail(
                $"monotonic: n{node} tells of the high watermark {highWatermark} of {partition} after {before.HighWatermark}, in one "
                    + $"leadership"
            );
        }

        _reported[(connection, partition)] = (believed.LeaderEpoch, highWatermark);
        if (ToldBy(node, partition) < highWatermark)
        {
            _toldBy[(node, partition)] = (believed.LeaderEpoch, highWatermark);
        }
    }

    /// <summary>The highest high watermark that a leader has told anybody in the leadership in which it believes to be.</summary>
    private Offset ToldBy(int node, TopicPartition partition) =>
        _beliefs.TryFindAt(node, partition, out PartitionRegistration? believed)
        && believed.Leader.Value == node
        && _toldBy.TryGetValue((node, partition), out (LeaderEpoch Epoch, Offset HighWatermark) told)
        && told.Epoch == believed.LeaderEpoch
            ? told.HighWatermark
            : Offset.Zero;

    private string? NameOf(string name, Uuid id) => name.Length > 0 ? name : _beliefs.NameOf(id);

    private IPartitionLedger LedgerOf(TopicPartition partition)
    {
        if (!_ledgers.TryGetValue(partition, out IPartitionLedger? ledger))
        {
            ledger = _cluster.IsCompacted(partition.Topic)
                ? new KeyedLedger(partition, TombstonesStayIn(partition.Topic), () => _scheduler.NowUs, Fail)
                : new PartitionLedger(partition, Fail);
            _ledgers.Add(partition, ledger);
        }

        return ledger;
    }

    private void Fail(string invariant, string what) => _scheduler.Fail($"{invariant}: {what}");
}
