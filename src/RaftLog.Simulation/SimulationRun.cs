using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// One run of one seed: a cluster comes up, clients work while things break, a core of the machines is healed and must make progress, then
/// all of them, and what is there at the end is compared with what clients were told. Runs on the caller's thread and on no other.
/// </summary>
public sealed class SimulationRun
{
    private const string Topic = "t";
    private const int NeededProgress = 3;

    /// <summary>So many cores are drawn at most to find one in which every partition can make progress.</summary>
    private const int CoreDraws = 10;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly SimulationOptions _options;
    private readonly SimCluster _cluster;
    private readonly SimScheduler _scheduler;
    private readonly SimRandom _random;
    private readonly SimRandom _clientChoice;
    private readonly List<TopicPartition> _partitions;
    private readonly List<ProducerProgram> _producers = [];
    private readonly List<ConsumerProgram> _consumers = [];
    private readonly List<ConsumerProgram> _crashedConsumers = [];
    private readonly List<TopicProgram> _topicPrograms = [];
    private readonly DrawnTopicNames _topicNames = new();
    private readonly PromiseWatch _promises;
    private readonly ClusterWatch _watch;
    private readonly SortedDictionary<string, long> _counters = new(StringComparer.Ordinal);
    private readonly CoordinatedPrograms _coordinated;
    private readonly StoppedDisks _stopped;
    private readonly List<TopicPartition> _readPartitions;
    private readonly List<GreedyProgram> _greedy = [];
    private LargeRequests? _large;
    private AssignmentProgram? _assignments;
    private LeaderProgram? _leaders;
    private ReplicaMoveProgram? _moves;
    private AdminProgram? _admin;
    private KeyedProgram? _keys;
    private KeyedReader? _keyReader;
    private TrimProgram? _trims;
    private RetainedReader? _retainedReader;
    private TimeProgram? _times;
    private ConfigProgram? _configs;
    private WrongRequestsProgram? _wrong;
    private LastRecords? _last;
    private Nemesis? _nemesis;

    private SimulationRun(SimulationOptions options, Action<string>? trace)
    {
        _options = options;
        _random = new SimRandom(options.Seed);
        _clientChoice = _random.Split("client to kill");
        _cluster = new SimCluster(options, _random);
        _scheduler = _cluster.Scheduler;
        _scheduler.Trace.AlsoTo = trace;
        _promises = new PromiseWatch(_cluster, options);
        _cluster.Network.Watch = options.WatchesImages ? _promises : null;
        _scheduler.Stepped = _promises.Stepped;
        _watch = _promises.Beliefs;
        _partitions = [.. Enumerable.Range(0, options.Partitions).Select(each => new TopicPartition(Topic, each))];
        _stopped = new StoppedDisks(_cluster);
        _coordinated = new CoordinatedPrograms(_cluster, options, _partitions, _random);
        _readPartitions = [.. _partitions, .. _coordinated.Partitions];
    }

    /// <summary>Runs a seed with the options that it draws.</summary>
    public static SimulationReport Of(ulong seed, Action<string>? trace = null) => Of(SimulationOptions.Draw(seed), trace);

    /// <summary>Runs a seed with given options.</summary>
    /// <param name="options">What the run is like.</param>
    /// <param name="trace">Where each line of the trace goes besides, if anywhere.</param>
    public static SimulationReport Of(SimulationOptions options, Action<string>? trace = null)
    {
        SimulationRun run = new(options, trace);
        using SimCluster cluster = run._cluster;
        return run.Run();
    }

    private IEnumerable<ConsumerProgram> Consumers => _crashedConsumers.Concat(_consumers);

    private SimulationReport Run()
    {
        History history = new();
        if (Start())
        {
            Disturb();
            if (RecoverCore() && Recover() && Drain() is { } ends)
            {
                history = Collect(ends);
                StopAll();
            }
        }

        IReadOnlyList<SentRecord> sends = [.. _producers.SelectMany(each => each.Sends)];
        if (_scheduler.ForeignPosts > 0)
        {
            _scheduler.Fail(
                $"own-thread: {_scheduler.ForeignPosts} continuations came from another thread: some code has left the simulated world"
            );
        }

        CountAll();
        return new SimulationReport
        {
            Options = _options,
            Simulated = TimeSpan.FromTicks(_scheduler.Now),
            Elections = _watch.Elections,
            Faults = _nemesis?.Faults ?? 0,
            Operations =
                sends.Count
                + Consumers.Sum(each => each.Reads)
                + (_admin?.Asked ?? 0)
                + _topicPrograms.Sum(each => each.Operations.Count)
                + _coordinated.Operations,
            Acknowledged = sends.Count(each => each.Outcome == SendOutcome.Acknowledged),
            Unknown = sends.Count(each => each.Outcome == SendOutcome.Unknown),
            Seen = Consumers.Sum(each => each.Seen.Count),
            HighWatermarks = history.HighWatermarks.Count,
            Hash = _scheduler.Trace.Hash,
            Steps = _scheduler.Steps,
            Failure = _scheduler.Failure,
            FailedAt = _scheduler.FailedAt,
            Anomalies = _scheduler.Failure is null ? [.. HistoryChecker.Check(history), .. HistoryChecker.Check(CollectRetained())] : [],
            Counters = _counters,
            Trace = [.. _scheduler.Trace.Lines],
        };
    }

    private bool Start()
    {
        foreach (SimMachine machine in _cluster.Machines)
        {
            machine.Start();
        }

        bool created = false;
        (Incarnation program, KafkaCluster client) = _cluster.NewClient();
        program.Run(
            "create topic",
            async () =>
            {
                List<NewTopic> topics =
                [
                    .. _readPartitions
                        .GroupBy(each => each.Topic)
                        .Select(each => new NewTopic(each.Key, each.Count(), (short)_options.Replicas)),
                ];
                foreach (LogTopic each in new[] { _options.Compacted, _options.Retained }.OfType<LogTopic>())
                {
                    topics.Add(new NewTopic(each.Name, 1, (short)_options.Replicas) { Configs = each.Configs });
                }

                while (!created)
                {
                    try
                    {
                        created = (await client.Admin.CreateTopicsAsync(topics)).All(static each =>
                            each.Error is ErrorCode.None or ErrorCode.TopicAlreadyExists
                        );
                    }
                    catch (KafkaException failure)
                    {
                        _scheduler.Say($"{program.Name}: {failure.Message}");
                    }

                    await Task.Delay(TimeSpan.FromMilliseconds(100), program.Time);
                }
            }
        );
        return Reach(() => created, StartLimit, "start: the topics were not created");
    }

    private void Disturb()
    {
        for (int i = 0; i < _options.Producers; i++)
        {
            AddProducer();
        }

        AddConsumer();
        _admin = new AdminProgram(_cluster, _options, _random);
        _topicPrograms.AddRange(
            Enumerable.Range(1, _options.TopicPrograms).Select(number => new TopicProgram(_cluster, _topicNames, number, _random))
        );
        _coordinated.Begin();
        _moves = _options.MovesReplicas ? new ReplicaMoveProgram(_cluster, _partitions, _random) : null;
        _leaders = _options.MovesLeaders ? new LeaderProgram(_cluster, Topic, _options.Partitions, _random) : null;
        _assignments = _options.AssignsPartitions ? new AssignmentProgram(_cluster, _random) : null;
        _greedy.AddRange(
            Enumerable
                .Range(1, _options.GreedyClients)
                .Select(number => new GreedyProgram(_cluster, Topic, _options.Partitions, number, _random))
        );
        _large = _options.RequestBudget is null ? null : new LargeRequests(_cluster, Topic, _options.PartSenders, _random);
        if (_options.Compacted is not null)
        {
            _keys = new KeyedProgram(_cluster, _random);
            _keyReader = new KeyedReader(_cluster, _options);
        }

        _times = _options.LooksUpTimes ? new TimeProgram(_cluster, _partitions, _random) : null;
        _configs = _options.ChangesConfigs ? new ConfigProgram(_cluster, _random) : null;
        _wrong = _options.AsksWrongly ? new WrongRequestsProgram(_cluster, Topic, _random) : null;
        _trims = _options.Retained is null ? null : new TrimProgram(_cluster, _random);
        _nemesis = new Nemesis(_cluster, _options, _random, _watch, CrashClient);
        _scheduler.RunFor(_options.FaultTime);
        _assignments?.Stop();
        _leaders?.Stop();
        _moves?.Stop();
    }

    private void AddProducer() => _producers.Add(new ProducerProgram(_cluster, _options, Topic, _producers.Count + 1, _random));

    private void AddConsumer() =>
        _consumers.Add(new ConsumerProgram(_cluster, _options, _readPartitions, _consumers.Count + _crashedConsumers.Count + 1));

    private void CrashClient()
    {
        if (_options.Coordinated.IsAny && _clientChoice.Chance(0.5) && _coordinated.CrashOne(_clientChoice))
        {
            _scheduler.Say("a program that needs coordinators is killed, and another begins");
            return;
        }

        bool reads = _clientChoice.Chance(0.5);
        _scheduler.Say($"a {(reads ? "consumer" : "producer")} is killed, and another begins");
        if (reads)
        {
            _consumers[^1].Crash();
            _crashedConsumers.Add(_consumers[^1]);
            _consumers.RemoveAt(_consumers.Count - 1);
            AddConsumer();
        }
        else
        {
            _producers[^1].Crash();
            AddProducer();
        }
    }

    /// <summary>A random majority of the voters is healed, the others stay dead, held or cut off: what can make progress must.</summary>
    private bool RecoverCore()
    {
        if (_scheduler.Failure is not null)
        {
            return false;
        }

        List<SimMachine> core = DrawCore();
        _nemesis!.HealCore(core);
        Func<SortedSet<int>> exempt = () => Exempt(core);
        bool reached = RequireProgress(
            exempt,
            $"liveness: with {string.Join(' ', core.Select(each => each.Name))} healed, producers made no progress"
        );
        Count(BatchFigures.Phases, _options.Partitions);
        Count(BatchFigures.ExemptPhases, exempt().Count);
        _producers.ForEach(each => each.Avoided = new SortedSet<int>());
        return reached;
    }

    private List<SimMachine> DrawCore()
    {
        SimRandom random = _random.Split("core");
        List<SimMachine> core = DrawCore(random);
        for (int i = 1; i < CoreDraws && Exempt(core).Count > 0; i++)
        {
            core = DrawCore(random);
        }

        return core;
    }

    private List<SimMachine> DrawCore(SimRandom random)
    {
        List<SimMachine> left = [.. _cluster.Machines.Where(each => !each.IsDestroyed)];
        List<SimMachine> others = [.. left.Where(each => !_options.IsVoter(each.Number))];
        left.RemoveAll(others.Contains);
        RemoveSome(left, (_cluster.Voters.Count() / 2) + 1, random);
        RemoveSome(others, Math.Max((others.Count / 2) + 1, _options.MinInSync), random);
        return [.. left, .. others];
    }

    private static void RemoveSome(List<SimMachine> machines, int least, SimRandom random)
    {
        int size = least + random.Next(Math.Max(1, machines.Count - least + 1));
        while (machines.Count > size)
        {
            machines.RemoveAt(random.Next(machines.Count));
        }
    }

    // Computed from what is committed at the moment, since nodes that come back leave the in-sync sets: without an in-sync replica, or with
    // too few replicas, nobody can make progress.
    private SortedSet<int> Exempt(List<SimMachine> core)
    {
        _watch.LookAtAll();
        SortedSet<int> exempt = [];
        foreach ((TopicPartition name, PartitionRegistration partition) in _watch.PartitionsOf(Topic))
        {
            bool electable = core.Exists(each => partition.Isr.Contains(new NodeId(each.Number)));
            bool enough = core.Count(each => partition.Replicas.Contains(new NodeId(each.Number))) >= _options.MinInSync;
            if (!electable || !enough)
            {
                exempt.Add(name.Partition);
            }
        }

        return exempt;
    }

    private bool Recover()
    {
        if (_options.Faults.Weights.ContainsKey(FaultKind.PowerLossOfAll))
        {
            _nemesis!.LosePowerOfAll();
        }

        _nemesis!.HealAll();
        if (!RequireProgress(static () => [], "liveness: after everything was healed, producers made no progress"))
        {
            return false;
        }

        if (
            !Reach(
                _coordinated.Progress(),
                _options.RecoveryLimit,
                "liveness: after everything was healed, groups and transactions made no progress"
            )
        )
        {
            return false;
        }

        if (!Reach(AreAssigned, _options.RecoveryLimit, "liveness: after everything was healed, a reassignment did not end"))
        {
            return false;
        }

        _scheduler.RunFor(Settling);
        (int changes, int fencings) = (_watch.LeaderChanges, _watch.Fencings);
        _scheduler.RunFor(Quiet);
        if (_watch.LeaderChanges > changes || _watch.Fencings > fencings)
        {
            _scheduler.Fail("quiet: leaders changed, or brokers were fenced, although everything was healed long ago");
        }

        return _scheduler.Failure is null;
    }

    private bool AreAssigned()
    {
        _watch.LookAtAll();
        return _watch
            .PartitionsOf(AssignmentProgram.Topic)
            .All(each =>
                !each.Registration.IsReassigning || each.Registration.Replicas.Any(replica => _cluster.Machine(replica.Value).IsDestroyed)
            );
    }

    private bool RequireProgress(Func<SortedSet<int>> findExempt, string otherwise)
    {
        List<SortedDictionary<int, int>> before = [.. _producers.Select(each => new SortedDictionary<int, int>(each.Acknowledged))];
        TimeSpan nextLook = TimeSpan.Zero;
        SortedSet<int> exempt = [];
        return Reach(
            () =>
            {
                if (TimeSpan.FromTicks(_scheduler.Now) < nextLook)
                {
                    return false;
                }

                nextLook = TimeSpan.FromTicks(_scheduler.Now) + Glance;
                exempt = findExempt();
                _producers.ForEach(each => each.Avoided = exempt);
                for (int producer = 0; producer < _producers.Count; producer++)
                {
                    for (int partition = 0; partition < _options.Partitions; partition++)
                    {
                        if (
                            !_producers[producer].IsDone
                            && !exempt.Contains(partition)
                            && _producers[producer].Acknowledged.GetValueOrDefault(partition)
                                < before[producer].GetValueOrDefault(partition) + NeededProgress
                        )
                        {
                            return false;
                        }
                    }
                }

                return true;
            },
            _options.RecoveryLimit,
            otherwise
        );
    }

    private IReadOnlyDictionary<TopicPartition, FoundOffset>? Drain()
    {
        _producers.ForEach(each => each.Stop());
        _admin!.Stop();
        _topicPrograms.ForEach(each => each.Stop());
        _greedy.ForEach(each => each.Stop());
        _large?.Stop();
        _keys?.Stop();
        _trims?.Stop();
        _times?.Stop();
        _configs?.Stop();
        _wrong?.Stop();
        bool IsDone() => _producers.TrueForAll(each => each.IsDone) && _keys is not { IsDone: false } && _trims is not { IsDone: false };
        if (!Reach(IsDone, _options.RecoveryLimit, "liveness: producers did not come to an end"))
        {
            return null;
        }

        if (
            _large is not null
            && !Reach(
                _large.AskAll(),
                _options.RecoveryLimit,
                "liveness: a node has no memory for a large request, though nobody sends one"
            )
        )
        {
            return null;
        }

        if (_options.Coordinated.IsAny && !DrainCoordinated())
        {
            return null;
        }

        IReadOnlyDictionary<TopicPartition, FoundOffset>? ends = null;
        FindEnds(found => ends = found);
        AddConsumer();
        bool AtEnd(ConsumerProgram consumer) =>
            ends is not null
            && _readPartitions.TrueForAll(each => consumer.Positions.GetValueOrDefault(each, Offset.Zero) >= ends[each].Offset);
        if (!Reach(() => _consumers.TrueForAll(AtEnd), _options.RecoveryLimit, "liveness: consumers did not reach the end of the log"))
        {
            return null;
        }

        _consumers.ForEach(each => each.Stop());
        if (!DrainShortened())
        {
            return null;
        }

        _scheduler.RunFor(Settling);
        RequireTopics();
        return WriteLastRecords() ? ends : null;
    }

    /// <summary>Groups and transactions come to an end, pipelines have made all of what there is, and nothing is open any more.</summary>
    private bool DrainCoordinated()
    {
        IReadOnlyDictionary<TopicPartition, FoundOffset>? ends = null;
        FindEnds(found => ends = found);
        return Reach(_coordinated.StopWriters(), _options.RecoveryLimit, "liveness: members and transactions did not come to an end")
            && Reach(() => ends is not null, _options.RecoveryLimit, "liveness: the ends of partitions were not told")
            && Reach(
                _coordinated.FinishPipelines(ends!),
                _options.RecoveryLimit,
                "liveness: pipelines did not reach the end of what they read"
            )
            && Reach(_coordinated.BecomeStable(), _options.RecoveryLimit, "hanging-transaction: a last stable offset stays behind");
    }

    private void FindEnds(Action<IReadOnlyDictionary<TopicPartition, FoundOffset>> found)
    {
        (Incarnation program, KafkaCluster client) = _cluster.NewClient();
        program.Run(
            "find ends",
            async () =>
                found(
                    await client.Admin.ListOffsetsAsync(
                        new SortedDictionary<TopicPartition, OffsetSpec>(_readPartitions.ToDictionary(each => each, _ => OffsetSpec.Latest))
                    )
                )
        );
    }

    /// <summary>The last readers of the logs that lose records come to the end.</summary>
    private bool DrainShortened()
    {
        if (_keyReader is { } keys)
        {
            // The read that is under way may have begun before the last send was decided.
            int wanted = keys.Reads.Count + 2;
            if (
                !Reach(
                    () => keys.Reads.Count >= wanted,
                    _options.RecoveryLimit,
                    "liveness: a reader did not come through the compacted log"
                )
            )
            {
                return false;
            }

            keys.Stop();
        }

        if (_trims is null)
        {
            return true;
        }

        _retainedReader = new RetainedReader(_cluster, _options);
        return Reach(
            () => _retainedReader.IsDone,
            _options.RecoveryLimit,
            "liveness: a reader did not come through the log that loses records"
        );
    }

    /// <summary>Every topic that programs have made can be written, and what it takes is where it belongs.</summary>
    private bool WriteLastRecords()
    {
        _last = new LastRecords(_cluster, [.. _topicNames.All, .. _admin!.Confirmed]);
        if (!Reach(() => _last.IsDone, _options.RecoveryLimit, "liveness: a topic that programs have left takes no record"))
        {
            return false;
        }

        _last.Check();
        return _scheduler.Failure is null;
    }

    private void RequireTopics()
    {
        foreach (SimMachine machine in _cluster.Machines.Where(static each => each.IsUp))
        {
            _configs?.Check(machine);
            _wrong?.Check(machine);
        }

        foreach (string topic in _admin!.Confirmed)
        {
            foreach (SimMachine machine in _cluster.Machines)
            {
                if (machine.IsUp && !_watch.Knows(machine.Number, topic))
                {
                    _scheduler.Fail($"lost-topic: the creation of {topic} was confirmed, and {machine.Name} does not know it");
                }
            }
        }
    }

    private History Collect(IReadOnlyDictionary<TopicPartition, FoundOffset> ends) =>
        _coordinated.AddTo(
            new History
            {
                Sends = [.. _producers.SelectMany(each => each.Sends)],
                Seen = [.. _crashedConsumers.Concat([_consumers[0]]).SelectMany(each => each.Seen)],
                Final = [.. _consumers[^1].Seen],
                HighWatermarks = [.. Consumers.SelectMany(each => each.HighWatermarks)],
                Keyed = _keys is null
                    ? []
                    :
                    [
                        new KeyedHistory(new TopicPartition(LogTopic.Compacted, 0), _keys.Sends, _keyReader!.Reads)
                        {
                            TombstonesStay = _promises.TombstonesStay ?? TimeSpan.Zero,
                        },
                    ],
                Metadata = [.. _topicPrograms.SelectMany(each => each.Operations), .. _topicNames.All.SelectMany(ReadTopic)],
                MakesChangesOnce = true,
                Replicas =
                [
                    .. _readPartitions
                        .Select(each => each.Topic)
                        .Distinct()
                        .SelectMany(_watch.PartitionsOf)
                        .SelectMany(partition =>
                            partition
                                .Registration.Replicas.Select(each => _cluster.Machine(each.Value))
                                .Where(machine => !machine.IsDestroyed)
                                .Select(machine =>
                                    ReplicaReader.Read(machine, machine.Node!.Id, partition.Name, ends[partition.Name].Offset)
                                )
                        ),
                ],
            }
        );

    /// <summary>Of the log that loses records all that must be there: what was acknowledged behind its start.</summary>
    private History CollectRetained() =>
        _retainedReader is not { } reader
            ? new History()
            : new History
            {
                Sends = [.. _trims!.Sends.Where(each => each.Outcome != SendOutcome.Acknowledged || each.Offset >= reader.Start)],
                Final = reader.Seen,
            };

    /// <summary>
    /// All nodes end, in every second seed in order, and in the others as if their processes were killed, and what they leave is looked at.
    /// </summary>
    private void StopAll()
    {
        List<SimMachine> running = [.. _cluster.Machines.Where(static each => each.IsUp)];
        if (_options.Seed % 2 == 0)
        {
            int left = running.Count;
            running.ForEach(each => each.Stop(() => left--));
            if (!Reach(() => left == 0, _options.RecoveryLimit, "stop-ends: not all nodes have stopped"))
            {
                return;
            }
        }
        else
        {
            running.ForEach(static each => each.Kill());
        }

        _stopped.Verify();
    }

    /// <summary>What each node says of a topic, now that all was quiet for a while.</summary>
    private IEnumerable<MetadataOperation> ReadTopic(string topic) =>
        _cluster
            .Machines.Where(each => each.IsUp)
            .Select(each => new MetadataOperation(
                each.Node!.Id,
                topic,
                MetadataAction.Read,
                TopicRequests.Read(each.Node.Image, topic),
                SendOutcome.Acknowledged,
                _scheduler.NowUs,
                _scheduler.NowUs
            ));

    private void CountAll()
    {
        foreach (FaultKind kind in Enum.GetValues<FaultKind>())
        {
            Count($"fault: {kind}", _nemesis?.Counts.GetValueOrDefault(kind) ?? 0);
        }

        Count(
            _options.Voters is null
                ? $"shape: {_options.Nodes} nodes"
                : $"shape: {_options.Voters} controllers and {_options.Brokers} brokers",
            1
        );
        Count($"promise: {_options.Promise}", 1);
        Count("checks: votes, epochs and majorities", _promises.Quorum.Checks);
        Count("checks: offsets against disk images", _promises.Checks);
        Count("checks: metadata images compared", _watch.Compared);
        Count("checks: acknowledgements against as many images as the topic demands", _promises.StrengthChecks);
        Count("checks: last stable offsets against open transactions", _promises.StableChecks);
        Count("checks: answers of controllers against the records they rest on", _promises.HandedOut.Checks);
        Count("checks: things that are handed out once", _promises.HandedOut.Count);
        Count("sometimes: leaderships of the quorum", _promises.Quorum.Leaderships);
        Count("sometimes: in-sync sets below the replicas", _watch.Shrunk);
        Count("sometimes: partitions without a leader", _watch.Leaderless);
        Count("sometimes: brokers fenced", _watch.Fencings);
        Count("sometimes: disk operations rejected", _cluster.Machines.Sum(each => each.Volume.ErrorResponses));
        Count("sometimes: bytes lost with the power", _cluster.Machines.Sum(each => each.Volume.LostBytes));
        Count("sometimes: damaged places read", _cluster.Machines.Sum(each => (long)each.Volume.DamagedReads));
        Count("sometimes: wiped disks rejected", _cluster.Machines.Count(each => each.HasRejectedToStart));
        foreach ((string pair, int times) in _nemesis?.Together.Counts ?? new SortedDictionary<string, int>())
        {
            Count(pair, times);
        }

        Count("sometimes: leaders moved under producers", _leaders?.Moved ?? 0);
        Count("workload: assignments of partitions accepted", _assignments?.Accepted ?? 0);
        Count("workload: requests of an administrator rejected", _assignments?.Rejected ?? 0);
        Count("workload: records acknowledged while their partition was assigned anew", _assignments?.Acknowledged ?? 0);
        Count("workload: moves of replicas begun", _moves?.Begun ?? 0);
        Count("sometimes: logs that have come to lie in another log directory", _promises.Moves);
        Count("sometimes: clients that do not read were disconnected", _greedy.Sum(each => (long)each.Disconnected));
        Count("checks: requests that come in against the memory for them", _promises.Requests?.Checks ?? 0);
        Count("sometimes: large requests that were turned away for want of memory", _promises.Requests?.TurnedAway ?? 0);
        Count("sometimes: clients that sent a part of a request were disconnected", _large?.Disconnected ?? 0);
        Count("workload: large requests that had a response", _large?.Responses ?? 0);
        Count("sometimes: stops in order that came to an end", _nemesis?.StoppedInOrder ?? 0);
        Count("sometimes: batches cut from an image", _promises.Cuts);
        foreach ((string what, long number) in _promises.Rare.Counts.Concat(_cluster.EndedInCalls))
        {
            Count(what, number);
        }

        Count("checks: answers out of epochs and time indexes", _promises.Derived.Checks);
        Count("checks: fences against what the broker was told", _watch.FenceChecks);
        Count("checks: accepted heartbeats against who leads the quorum", _watch.TenureChecks);
        Count("checks: fences of brokers that were gone for a session", _promises.Timely.FenceChecks);
        Count("checks: metadata of nodes against what was committed a while ago", _promises.Timely.AgeChecks);
        Count("checks: metadata of nodes that could not reach all voters", _promises.Timely.SearchChecks);
        Count("checks: ends of epochs in logs that records have left", _promises.Derived.RetainedChecks);
        Count("checks: snapshots of producers and indexes of aborted transactions against their logs", _promises.Files.Checks);
        Count("checks: checkpoints of high watermarks against disk images", _promises.CheckpointChecks);
        Count("checks: acknowledgements against what stands at their offset", _promises.PlaceChecks);
        Count("workload: changes of configuration confirmed", _configs?.Confirmed ?? 0);
        Count("checks: requests that cannot be, rejected", _wrong?.Rejected ?? 0);
        Count("checks: starts of logs", _promises.Starts.Checks);
        Count("checks: last records of topics that programs have made against the logs of their replicas", _last?.Checks ?? 0);
        Count("checks: logs of stopped nodes against the files beside them", _stopped.Checks);
        Count("workload: keyed records acknowledged", _keys?.Sends.Count(each => each.Outcome == SendOutcome.Acknowledged) ?? 0);
        Count("workload: reads of a compacted log from its beginning", _keyReader?.Reads.Count ?? 0);
        Count("workload: deletions of records confirmed", _trims?.Confirmed ?? 0);
        Count("workload: deletions of records beyond the end rejected", _trims?.Rejected ?? 0);
        Count("sometimes: committed batches that compaction has removed or written anew", _promises.Rewritten);
        Count("sometimes: committed batches of internal topics that compaction has removed or written anew", _promises.RewrittenInternal);
        Count("sometimes: offsets that have left the beginning of a log", _retainedReader?.Start.Value ?? 0);
        Count("workload: sends acknowledged", _producers.Sum(each => each.Sends.Count(sent => sent.Outcome == SendOutcome.Acknowledged)));
        Count("workload: sends without outcome", _producers.Sum(each => each.Sends.Count(sent => sent.Outcome == SendOutcome.Unknown)));
        Count("workload: records seen", Consumers.Sum(each => each.Seen.Count));
        foreach ((string what, long number) in _coordinated.Counts())
        {
            Count(what, number);
        }

        Count("workload: topics confirmed", _admin?.Confirmed.Count ?? 0);
        foreach (MetadataAction action in Enum.GetValues<MetadataAction>().Where(each => each != MetadataAction.Read))
        {
            Count(
                $"workload: topics, {action} answered",
                _topicPrograms.Sum(each => each.Operations.Count(done => done.Action == action && done.Outcome == SendOutcome.Acknowledged))
            );
        }
    }

    private void Count(string what, long number) => _counters[what] = _counters.GetValueOrDefault(what) + number;

    private bool Reach(Func<bool> goal, TimeSpan limit, string otherwise)
    {
        bool reached = _scheduler.RunUntil(goal, limit);
        if (!reached)
        {
            _scheduler.Fail($"{otherwise} within {limit.TotalSeconds} simulated seconds");
        }

        return reached;
    }
}
