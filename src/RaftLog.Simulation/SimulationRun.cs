using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// One run of one seed: a cluster comes up, clients work while things break, everything is healed, progress is required, and what is there at the
/// end is compared with what clients were told. Runs on the caller's thread and on no other.
/// </summary>
public sealed class SimulationRun
{
    private const string Topic = "t";
    private const int NeededProgress = 5;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    private readonly SimulationOptions _options;
    private readonly SimCluster _cluster;
    private readonly SimScheduler _scheduler;
    private readonly SimRandom _random;
    private readonly List<TopicPartition> _partitions;
    private readonly List<ProducerProgram> _producers = [];
    private readonly List<ConsumerProgram> _consumers = [];
    private readonly ClusterWatch _watch;
    private Nemesis? _nemesis;

    private SimulationRun(SimulationOptions options, Action<string>? trace)
    {
        _options = options;
        _random = new SimRandom(options.Seed);
        _cluster = new SimCluster(options, _random);
        _scheduler = _cluster.Scheduler;
        _scheduler.Trace.AlsoTo = trace;
        PromiseWatch promises = new(_cluster, options.Promise);
        _cluster.Network.Watch = promises;
        _scheduler.Stepped = promises.Stepped;
        _watch = promises.Beliefs;
        _partitions = [.. Enumerable.Range(0, options.Partitions).Select(each => new TopicPartition(Topic, each))];
    }

    /// <summary>Runs a seed with the options that it draws.</summary>
    public static SimulationReport Of(ulong seed, Action<string>? trace = null) => Of(SimulationOptions.Draw(seed), trace);

    /// <summary>Runs a seed with given options.</summary>
    /// <param name="options">What the run is like.</param>
    /// <param name="trace">Where each line of the trace goes besides, if anywhere.</param>
    public static SimulationReport Of(SimulationOptions options, Action<string>? trace = null) => new SimulationRun(options, trace).Run();

    private SimulationReport Run()
    {
        History history = new();
        if (Start())
        {
            Disturb();
            if (Recover() && Drain() is { } ends)
            {
                history = Collect(ends);
            }
        }

        IReadOnlyList<SentRecord> sends = [.. _producers.SelectMany(each => each.Sends)];
        if (_scheduler.ForeignPosts > 0)
        {
            _scheduler.Fail($"{_scheduler.ForeignPosts} continuations came from another thread: some code has left the simulated world");
        }

        return new SimulationReport
        {
            Options = _options,
            Simulated = TimeSpan.FromTicks(_scheduler.Now),
            Elections = _watch.Elections,
            Faults = _nemesis?.Faults ?? 0,
            Acknowledged = sends.Count(each => each.Outcome == SendOutcome.Acknowledged),
            Unknown = sends.Count(each => each.Outcome == SendOutcome.Unknown),
            Seen = _consumers.Sum(each => each.Seen.Count),
            Hash = _scheduler.Trace.Hash,
            Steps = _scheduler.Steps,
            Failure = _scheduler.Failure,
            Anomalies = _scheduler.Failure is null ? HistoryChecker.Check(history) : [],
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
        program.Run("create topic", async () =>
        {
            NewTopic topic = new(Topic, _options.Partitions, (short)_options.Nodes);
            while (!created)
            {
                try
                {
                    ErrorCode answer = (await client.Admin.CreateTopicsAsync([topic]))[0].Error;
                    created = answer is ErrorCode.None or ErrorCode.TopicAlreadyExists;
                }
                catch (KafkaException failure)
                {
                    _scheduler.Say($"{program.Name}: {failure.Message}");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100), program.Time);
            }
        });
        return Reach(() => created, StartLimit, "the topic was not created");
    }

    private void Disturb()
    {
        for (int i = 0; i < _options.Producers; i++)
        {
            AddProducer();
        }

        _consumers.Add(new ConsumerProgram(_cluster, _options, _partitions, number: 1));
        _nemesis = new Nemesis(_cluster, _options.Faults, _random, CrashProducer);
        _scheduler.RunFor(_options.FaultTime);
        if (_options.Faults.PowerLossOfAll > 0)
        {
            _nemesis.LosePowerOfAll();
        }

        _nemesis.HealAll();
    }

    private void AddProducer() => _producers.Add(new ProducerProgram(_cluster, _options, Topic, _producers.Count + 1, _random));

    private void CrashProducer()
    {
        _scheduler.Say("a producer is killed, and another begins");
        _producers[^1].Crash();
        AddProducer();
    }

    private bool Recover()
    {
        List<SortedDictionary<int, int>> before = [.. _producers.Select(each => new SortedDictionary<int, int>(each.Acknowledged))];
        bool HasProgress(int producer, int partition) =>
            _producers[producer].Acknowledged.GetValueOrDefault(partition) >= before[producer].GetValueOrDefault(partition) + NeededProgress;
        bool AllHave()
        {
            for (int producer = 0; producer < _producers.Count; producer++)
            {
                for (int partition = 0; partition < _options.Partitions; partition++)
                {
                    if (!_producers[producer].IsDone && !HasProgress(producer, partition))
                    {
                        return false;
                    }
                }
            }

            return true;
        }

        if (!Reach(AllHave, _options.RecoveryLimit, "after everything was healed, producers made no progress"))
        {
            return false;
        }

        _scheduler.RunFor(Settling);
        int elections = _watch.Elections;
        _scheduler.RunFor(Settling);
        if (_watch.Elections > elections)
        {
            _scheduler.Fail("leaders changed although everything was healed long ago");
        }

        return _scheduler.Failure is null;
    }

    private IReadOnlyDictionary<TopicPartition, FoundOffset>? Drain()
    {
        _producers.ForEach(each => each.Stop());
        if (!Reach(() => _producers.TrueForAll(each => each.IsDone), _options.RecoveryLimit, "producers did not come to an end"))
        {
            return null;
        }

        IReadOnlyDictionary<TopicPartition, FoundOffset>? ends = null;
        (Incarnation program, KafkaCluster client) = _cluster.NewClient();
        program.Run("find ends", async () => ends = await client.Admin.ListOffsetsAsync(
            new SortedDictionary<TopicPartition, OffsetSpec>(_partitions.ToDictionary(each => each, _ => OffsetSpec.Latest))));
        ConsumerProgram last = new(_cluster, _options, _partitions, number: 2);
        _consumers.Add(last);
        bool AtEnd(ConsumerProgram consumer) => ends is not null && _partitions.TrueForAll(
            each => consumer.Positions.TryGetValue(each, out Offset position) && position >= ends[each].Offset);
        if (!Reach(() => _consumers.TrueForAll(AtEnd), _options.RecoveryLimit, "consumers did not reach the end of the log"))
        {
            return null;
        }

        _consumers.ForEach(each => each.Stop());
        _scheduler.RunFor(Settling);
        return ends;
    }

    private History Collect(IReadOnlyDictionary<TopicPartition, FoundOffset> ends) => new()
    {
        Sends = [.. _producers.SelectMany(each => each.Sends)],
        Seen = [.. _consumers[0].Seen],
        Final = [.. _consumers[^1].Seen],
        Replicas =
        [
            .. _partitions.SelectMany(partition => _cluster.Machines.Select(
                machine => ReplicaReader.Read(machine, machine.Node!.Id, partition, ends[partition].Offset))),
        ],
    };

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
