using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// The programs of a run that need coordinators: what they do, whether they make progress, and what they leave for the checkers.
/// </summary>
internal sealed class CoordinatedPrograms
{
    /// <summary>The topic of accounts.</summary>
    internal const string Accounts = "accounts";

    /// <summary>The topic that pipelines write to.</summary>
    internal const string Made = "made";

    private const string RegisterGroup = "registers";
    private const string PipelineGroup = "pipeline";
    private const int NeededProgress = 2;
    private const int FirstNumber = 500;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(300);

    private readonly SimCluster _world;
    private readonly SimulationOptions _options;
    private readonly SimRandom _random;
    private readonly IReadOnlyList<TopicPartition> _inputs;
    private readonly List<(Incarnation Program, GroupProgram Member)> _members = [];
    private readonly List<(Incarnation Program, TransactionalProgram Transfer)> _transfers = [];
    private readonly List<(Incarnation Program, TransactionalProgram Pipeline)> _pipelines = [];
    private readonly List<GroupLog> _groupLogs = [];
    private readonly List<TransactionLog> _transactionLogs = [];
    private CommittedOffsets? _committed;
    private IReadOnlyList<StableEnd> _stableEnds = [];
    private int _programs = FirstNumber;

    internal CoordinatedPrograms(SimCluster world, SimulationOptions options, IReadOnlyList<TopicPartition> inputs, SimRandom random)
    {
        _world = world;
        _options = options;
        _random = random.Split("coordinated");
        _inputs = inputs;
        List<TopicPartition> topics = [];
        topics.AddRange(PartitionsOf(Accounts, Work.Transfers));
        topics.AddRange(PartitionsOf(Made, Work.Pipelines));
        Partitions = topics;
    }

    /// <summary>The partitions of the topics that only these programs write to.</summary>
    internal IReadOnlyList<TopicPartition> Partitions { get; }

    /// <summary>The operations so far.</summary>
    internal int Operations => _groupLogs.Sum(each => each.Offsets.Count) + _transactionLogs.Sum(each => each.Sends.Count);

    private CoordinatedWork Work => _options.Coordinated;

    internal void Begin()
    {
        for (int i = 0; i < Work.Members; i++)
        {
            AddMember();
        }

        for (int i = 0; i < Work.Transfers; i++)
        {
            AddTransfer(i);
        }

        for (int i = 0; i < Work.Pipelines; i++)
        {
            AddPipeline();
        }
    }

    /// <summary>One of the programs is killed, and another begins in its place; false when there are none.</summary>
    internal bool CrashOne(SimRandom random)
    {
        int choice = Work.IsAny ? random.Next(Work.Members + Work.Transfers + Work.Pipelines) : -1;
        if (choice < 0)
        {
            return false;
        }

        if (choice < Work.Members)
        {
            _members[choice].Program.Kill();
            _members.RemoveAt(choice);
            AddMember();
        }
        else if (choice < Work.Members + Work.Transfers)
        {
            // Its successor has the same transactional id.
            _transfers[choice - Work.Members].Program.Kill();
            _transfers.RemoveAt(choice - Work.Members);
            AddTransfer(choice - Work.Members);
        }
        else
        {
            _pipelines[choice - Work.Members - Work.Transfers].Program.Kill();
            _pipelines.RemoveAt(choice - Work.Members - Work.Transfers);
            AddPipeline();
        }

        return true;
    }

    /// <summary>Something that becomes true when from now on each kind has made progress.</summary>
    internal Func<bool> Progress()
    {
        int commits = _members.Sum(each => each.Member.Log.Committed);
        int transfers = _transfers.Sum(each => each.Transfer.Log.Committed);
        return () =>
            (_members.Count == 0 || _members.Sum(each => each.Member.Log.Committed) >= commits + NeededProgress)
            && (_transfers.Count == 0 || _transfers.Sum(each => each.Transfer.Log.Committed) >= transfers + NeededProgress);
    }

    /// <summary>What does not end by itself ends soon.</summary>
    internal Func<bool> StopWriters()
    {
        _members.ForEach(each => each.Member.Stop());
        _transfers.ForEach(each => each.Transfer.Stop());
        return () => _members.TrueForAll(each => each.Member.IsDone) && _transfers.TrueForAll(each => each.Transfer.IsDone);
    }

    /// <summary>Something that becomes true when the pipelines have committed all of the inputs and have ended.</summary>
    internal Func<bool> FinishPipelines(IReadOnlyDictionary<TopicPartition, FoundOffset> ends)
    {
        if (_pipelines.Count == 0)
        {
            return static () => true;
        }

        (Incarnation program, RawClient client) = _world.NewRawClient();
        CommittedOffsets committed = _committed = new(WorldOf(program, client), PipelineGroup, _inputs);
        bool AreThere() => _inputs.All(each => committed.Known.GetValueOrDefault(each, Offset.Zero) >= ends[each].Offset);
        program.Run(
            "look at the pipeline",
            async () =>
            {
                while (!AreThere())
                {
                    await Task.Delay(Glance, program.Time);
                    await committed.ReadAsync();
                }

                _pipelines.ForEach(each => each.Pipeline.Stop());
            }
        );
        return () => AreThere() && _pipelines.TrueForAll(each => each.Pipeline.IsDone);
    }

    /// <summary>Something that becomes true when no transaction is open in any partition.</summary>
    internal Func<bool> BecomeStable()
    {
        bool isStable = false;
        (Incarnation program, KafkaCluster client) = _world.NewClient();
        SortedDictionary<TopicPartition, OffsetSpec> all = new(
            _inputs.Concat(Partitions).ToDictionary(each => each, _ => OffsetSpec.Latest)
        );
        program.Run(
            "look for open transactions",
            async () =>
            {
                while (!isStable)
                {
                    IReadOnlyDictionary<TopicPartition, FoundOffset> ends = await client.Admin.ListOffsetsAsync(all);
                    IReadOnlyDictionary<TopicPartition, FoundOffset> stable = await client.Admin.ListOffsetsAsync(all, readCommitted: true);
                    _stableEnds = [.. all.Keys.Select(each => new StableEnd(each, stable[each].Offset, ends[each].Offset))];
                    isStable = _stableEnds.All(each => each.LastStable >= each.HighWatermark);
                    await Task.Delay(Glance, program.Time);
                }
            }
        );
        return () => isStable;
    }

    /// <summary>What the programs leave for the checkers, added to a history.</summary>
    internal History AddTo(History history) =>
        history with
        {
            Sends = [.. history.Sends, .. _transactionLogs.SelectMany(each => each.Sends)],
            Transactions = [.. _transactionLogs.SelectMany(each => each.Transactions)],
            Sessions = [.. _transactionLogs.SelectMany(each => each.Sessions)],
            Offsets = [.. _groupLogs.SelectMany(each => each.Offsets)],
            Ownerships = [.. _groupLogs.SelectMany(each => each.Ownerships)],
            StableEnds = _stableEnds,
            Pipelines = _committed is null ? [] : [new Pipeline(PipelineGroup, _committed.Known)],
        };

    /// <summary>What happened, for the figures of a run.</summary>
    internal IEnumerable<(string What, long Number)> Counts()
    {
        IReadOnlyList<ClientTransaction> transactions = [.. _transactionLogs.SelectMany(each => each.Transactions)];
        IReadOnlyList<OffsetOperation> offsets = [.. _groupLogs.SelectMany(each => each.Offsets)];
        yield return ("workload: transactions committed", transactions.Count(each => each.Outcome == SendOutcome.Acknowledged));
        yield return ("workload: transactions not committed", transactions.Count(each => each.Outcome == SendOutcome.Rejected));
        yield return ("workload: transactions without outcome", transactions.Count(each => each.Outcome == SendOutcome.Unknown));
        yield return (
            "workload: records made from records",
            _transactionLogs.Sum(each => each.Sends.Count(sent => sent is { Source: not null, Outcome: SendOutcome.Acknowledged }))
        );
        yield return (
            "workload: offsets committed",
            offsets.Count(each => each is { Action: OffsetAction.Commit, Outcome: SendOutcome.Acknowledged })
        );
        yield return (
            "workload: commits of offsets rejected",
            offsets.Count(each => each is { Action: OffsetAction.Commit, Outcome: SendOutcome.Rejected })
        );
        yield return ("workload: committed offsets read", offsets.Count(each => each.Action == OffsetAction.Read));
        yield return ("workload: partitions held by members", _groupLogs.Sum(each => each.Ownerships.Count));
    }

    private static IEnumerable<TopicPartition> PartitionsOf(string topic, int programs) =>
        programs > 0 ? Enumerable.Range(0, 2).Select(each => new TopicPartition(topic, each)) : [];

    private void AddMember()
    {
        (Incarnation program, RawClient client) = _world.NewRawClient();
        GroupProgram member = new(WorldOf(program, client), ++_programs, RegisterGroup, _inputs, CoordinatedWork.Session, Work.IsClassic);
        _members.Add((program, member));
        _groupLogs.Add(member.Log);
        program.Run("be a member", member.RunAsync);
    }

    private void AddTransfer(int index)
    {
        string transactionalId = $"transfers-{index % 2}";
        (Incarnation program, TransactionalProgram transfer) = Work.UsesClient
            ? ClientTransfer(transactionalId)
            : RawTransfer(transactionalId);
        _transfers.Insert(index, (program, transfer));
        _transactionLogs.Add(transfer.Log);
        program.Run("transfer", transfer.RunAsync);
    }

    private (Incarnation Program, TransactionalProgram Transfer) RawTransfer(string transactionalId)
    {
        (Incarnation program, RawClient client) = _world.NewRawClient();
        TransferProgram transfer = new(
            WorldOf(program, client),
            ++_programs,
            Work.Transactions,
            transactionalId,
            CoordinatedWork.Session,
            PartitionsOf(Accounts)
        );
        return (program, transfer);
    }

    private (Incarnation Program, TransactionalProgram Transfer) ClientTransfer(string transactionalId)
    {
        (Incarnation program, KafkaCluster client) = _world.NewClient();
        int number = ++_programs;
        ClientTransferProgram transfer = new(
            _world,
            (program, client),
            _options,
            _random.Split("program", number),
            number,
            transactionalId,
            PartitionsOf(Accounts)
        );
        return (program, transfer);
    }

    private void AddPipeline()
    {
        (Incarnation program, TransactionalProgram pipeline, GroupLog group) = Work.UsesClient ? ClientPipeline() : RawPipeline();
        _pipelines.Add((program, pipeline));
        _groupLogs.Add(group);
        _transactionLogs.Add(pipeline.Log);
        program.Run("transform", pipeline.RunAsync);
    }

    private (Incarnation Program, TransactionalProgram Pipeline, GroupLog Group) RawPipeline()
    {
        (Incarnation program, RawClient client) = _world.NewRawClient();
        PipelineProgram pipeline = new(
            WorldOf(program, client),
            ++_programs,
            Work.Transactions,
            PipelineGroup,
            _inputs,
            PartitionsOf(Made),
            CoordinatedWork.Session,
            Work.IsClassic
        );
        return (program, pipeline, pipeline.Group);
    }

    private (Incarnation Program, TransactionalProgram Pipeline, GroupLog Group) ClientPipeline()
    {
        (Incarnation program, KafkaCluster client) = _world.NewClient();
        int number = ++_programs;
        ClientPipelineProgram pipeline = new(
            _world,
            (program, client),
            _options,
            _random.Split("program", number),
            number,
            PipelineGroup,
            _inputs[0].Topic,
            PartitionsOf(Made)
        );
        return (program, pipeline, pipeline.Group);
    }

    private IReadOnlyList<TopicPartition> PartitionsOf(string topic) => [.. Partitions.Where(each => each.Topic == topic)];

    private ProgramWorld WorldOf(Incarnation program, RawClient client) =>
        new(
            client,
            program.Time,
            () => _world.Scheduler.NowUs,
            _random.Split("program", _programs),
            (_, value) => Payload.Write(value, _options.MaxFill)
        );
}
