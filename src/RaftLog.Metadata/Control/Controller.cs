using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// The active controller: decides every change of what the cluster believes. One exists per leadership of the quorum. Make it from the
/// image of everything up to the first record of its own epoch, once that is committed; drop it when the leadership ends, and with it all
/// decisions that were never committed.
/// </summary>
/// <remarks>
/// <para>Call order: a command gives records and a response; append the records at the offset that was passed in, written at the metadata
/// version that <see cref="Image"/> has before them; <see cref="Replay"/> them with that offset; give the response once the log is
/// committed up to there. The next command may be decided in between: it sees the appended records.</para>
/// <para>If the append fails the controller must be dropped: what it knows of sessions may be ahead of the log.</para>
/// <para>Not safe for concurrent use. Times are monotonic milliseconds; call <see cref="Tick"/> at <see cref="NextDeadlineMs"/> or
/// later.</para>
/// </remarks>
public sealed class Controller
{
    private readonly ControllerOptions _options;
    private readonly IConfigTable _configs;
    private readonly BrokerSessions _sessions;
    private readonly BrokerRegistrar _registrar;
    private readonly BrokerHealth _health;
    private readonly TopicCreation _creation;
    private readonly ConfigChanges _configChanges;
    private readonly ControllerClock _clock;

    /// <summary>Begins a leadership.</summary>
    /// <param name="committed">Everything that was committed before it.</param>
    /// <param name="options">The operator's choices.</param>
    /// <param name="configs">The configuration keys.</param>
    /// <param name="random">Chance.</param>
    /// <param name="nowMs">The time.</param>
    public Controller(MetadataImage committed, ControllerOptions options, IConfigTable configs, IRandomSource random, long nowMs)
    {
        Image = committed;
        _options = options;
        _configs = configs;
        _sessions = new BrokerSessions(options.SessionTimeoutMs);
        _registrar = new BrokerRegistrar(options, configs, _sessions);
        _health = new BrokerHealth(configs, _sessions);
        _creation = new TopicCreation(options, configs, random);
        _configChanges = new ConfigChanges(configs);
        _clock = new ControllerClock(options, nowMs);
        _sessions.Begin(committed, nowMs);
    }

    /// <summary>What will be believed when all appended records are committed: what decisions rest on, and nobody else may see.</summary>
    public MetadataImage Image { get; private set; }

    /// <summary>When <see cref="Tick"/> has something to do.</summary>
    public long NextDeadlineMs => Math.Min(_health.NextExpiryMs(Image), _clock.NextDeadlineMs);

    /// <summary>
    /// The first records of a leadership: ends a transaction that the last controller left open, and begins a new cluster's metadata.
    /// </summary>
    /// <param name="openTransaction">True when the log ends inside a metadata transaction
    /// (<see cref="MetadataReplayer.InTransaction"/>).</param>
    public IReadOnlyList<IMetadataRecord> Activate(bool openTransaction)
    {
        List<IMetadataRecord> records = [];
        if (openTransaction)
        {
            records.Add(new AbortTransactionRecord { Reason = "the controller that began it is gone" });
        }

        if (!Image.Features.ContainsKey(MetadataVersion.FeatureName))
        {
            records.AddRange(FeatureChanges.Bootstrap(_options));
        }

        return records;
    }

    /// <summary>Makes appended records part of what decisions rest on.</summary>
    /// <param name="records">The records, as they were decided.</param>
    /// <param name="baseOffset">The offset of the first.</param>
    /// <param name="epoch">The quorum epoch of this leadership.</param>
    /// <param name="nowMs">The time.</param>
    /// <exception cref="InvariantException">The offset is not the next one, or a record contradicts what is believed.</exception>
    public void Replay(IReadOnlyList<IMetadataRecord> records, Offset baseOffset, LeaderEpoch epoch, long nowMs)
    {
        if (records.Count == 0)
        {
            return;
        }

        Invariant.Holds(
            baseOffset > Image.Provenance.LastOffset,
            "M-12",
            $"decided records are at {baseOffset}, after {Image.Provenance.LastOffset}"
        );
        MetadataDelta delta = new(Image);
        foreach (IMetadataRecord record in records)
        {
            delta.Replay(record);
            if (record is ConfigRecord { Name: Leadership.UncleanElectionKey })
            {
                _clock.UncleanElectionAllowed(nowMs);
            }
        }

        Image = delta.Freeze(new MetadataProvenance(baseOffset + (records.Count - 1), epoch));
        _clock.RecordsWritten(nowMs);
    }

    /// <summary>
    /// Does what time asks for: fences silent brokers, moves leaderships back, tries leaderless partitions again, writes a no-op when idle.
    /// </summary>
    public IReadOnlyList<IMetadataRecord> Tick(long nowMs)
    {
        Draft draft = new(Image);
        _health.FenceExpired(draft, nowMs);
        if (_clock.IsUncleanElectionDue(nowMs))
        {
            Leadership.SweepLeaderless(draft, _configs);
            _clock.UncleanElectionsDone(nowMs);
        }

        if (_clock.IsBalanceDue(nowMs))
        {
            _clock.Balanced(nowMs, more: Leadership.Rebalance(draft, _options.MaxElectionsPerStep));
        }

        if (draft.Count == 0 && _clock.IsIdle(nowMs))
        {
            draft.Add(new NoOpRecord());
        }

        return draft.Respond(0).Records;
    }

    /// <summary>
    /// Responds to BrokerRegistration. The epoch of a new incarnation is <paramref name="nextOffset"/>, where its record will lie.
    /// </summary>
    public ControllerResult<BrokerRegistrationResponse> RegisterBroker(BrokerRegistrationRequest request, Offset nextOffset, long nowMs) =>
        _registrar.Register(Image, request, nextOffset, nowMs);

    /// <summary>Responds to UnregisterBroker.</summary>
    public ControllerResult<UnregisterBrokerResponse> UnregisterBroker(UnregisterBrokerRequest request) =>
        _registrar.Unregister(Image, request);

    /// <summary>Responds to ControllerRegistration.</summary>
    public ControllerResult<ControllerRegistrationResponse> RegisterController(ControllerRegistrationRequest request) =>
        BrokerRegistrar.RegisterController(Image, request);

    /// <summary>Responds to BrokerHeartbeat. The next record will lie at <paramref name="nextOffset"/>.</summary>
    public ControllerResult<BrokerHeartbeatResponse> Heartbeat(BrokerHeartbeatRequest request, Offset nextOffset, long nowMs) =>
        _health.Heartbeat(Image, request, nextOffset, nowMs);

    /// <summary>A connection of this incarnation of a broker has ended. Ask <see cref="TakeProbes"/> afterwards.</summary>
    public void ConnectionLost(NodeId broker, BrokerEpoch epoch, long nowMs) => _health.ConnectionLost(Image, broker, epoch, nowMs);

    /// <summary>
    /// The brokers whose inter-broker endpoint is to be connected to now, to see whether their process is there; after the start of a
    /// leadership all unfenced ones. Each is named once, and its end is told to <see cref="ProbeEnded"/>.
    /// </summary>
    public IReadOnlyList<KeyValuePair<NodeId, BrokerEpoch>> TakeProbes() => _sessions.TakeProbes();

    /// <summary>
    /// A probe has ended. Rejected is evidence that the process is gone: the broker is fenced at once, at most once in a session timeout.
    /// Accepted or silent is evidence of nothing.
    /// </summary>
    public IReadOnlyList<IMetadataRecord> ProbeEnded(NodeId broker, BrokerEpoch epoch, bool rejected, long nowMs)
    {
        Draft draft = new(Image);
        _health.ProbeEnded(draft, broker, epoch, rejected, nowMs);
        return draft.Respond(0).Records;
    }

    /// <summary>Responds to CreateTopics; the handler fills in the full configuration.</summary>
    public ControllerResult<CreateTopicsResponse> CreateTopics(CreateTopicsRequest request) => _creation.Create(Image, request);

    /// <summary>Responds to CreatePartitions.</summary>
    public ControllerResult<CreatePartitionsResponse> CreatePartitions(CreatePartitionsRequest request) => _creation.Extend(Image, request);

    /// <summary>Responds to DeleteTopics.</summary>
    public ControllerResult<DeleteTopicsResponse> DeleteTopics(DeleteTopicsRequest request) =>
        TopicDeletion.Delete(Image, _options, request);

    /// <summary>Responds to AlterPartition: a leader's proposal of an in-sync set.</summary>
    public ControllerResult<AlterPartitionResponse> AlterPartition(AlterPartitionRequest request) =>
        InSyncSets.Alter(Image, _configs, request);

    /// <summary>Responds to ElectLeaders.</summary>
    public ControllerResult<ElectLeadersResponse> ElectLeaders(ElectLeadersRequest request) => Leadership.Elect(Image, request);

    /// <summary>Responds to AlterPartitionReassignments, partition by partition.</summary>
    public ControllerResult<AlterPartitionReassignmentsResponse> AlterReassignments(AlterPartitionReassignmentsRequest request) =>
        Reassignments.Alter(Image, _configs, request);

    /// <summary>Responds to ListPartitionReassignments.</summary>
    public ControllerResult<ListPartitionReassignmentsResponse> ListReassignments(ListPartitionReassignmentsRequest request) =>
        new([], Reassignments.List(Image, request));

    /// <summary>Responds to AssignReplicasToDirs.</summary>
    public ControllerResult<AssignReplicasToDirsResponse> AssignReplicasToDirs(AssignReplicasToDirsRequest request) =>
        DirectoryAssignments.Assign(Image, _configs, request);

    /// <summary>Responds to IncrementalAlterConfigs for what lies in the cluster's metadata: all but broker loggers.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isForwarded">True when a broker has passed it on, false when it came to the controller directly.</param>
    public ControllerResult<IncrementalAlterConfigsResponse> IncrementalAlterConfigs(
        IncrementalAlterConfigsRequest request,
        bool isForwarded = true
    ) => _configChanges.Alter(Image, request, isForwarded);

    /// <summary>Responds to AlterConfigs.</summary>
    /// <inheritdoc cref="IncrementalAlterConfigs" path="/param" />
    public ControllerResult<AlterConfigsResponse> AlterConfigs(AlterConfigsRequest request, bool isForwarded = true) =>
        _configChanges.Replace(Image, request, isForwarded);

    /// <summary>Responds to AllocateProducerIds.</summary>
    public ControllerResult<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request) =>
        ProducerIdBlocks.Allocate(Image, request);

    /// <summary>Responds to UpdateFeatures; results per feature, for old versions, are the handler's.</summary>
    public ControllerResult<UpdateFeaturesResponse> UpdateFeatures(UpdateFeaturesRequest request) =>
        FeatureChanges.Update(Image, _options, request);
}
