using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>
/// W3, W9 and W10: transfers between accounts, and a pipeline that makes one record from each record, exactly once; read with
/// read_committed.
/// </summary>
internal sealed class TransactionWorkload(RunContext context, Func<RawClient> openRaw) : IWorkload
{
    private const string Group = "pipeline";
    private const int FirstNumber = 100;
    private const int Transfers = 4;
    private const int Pipelines = 2;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(300);

    private readonly List<TransferProgram> _transfers = [];
    private readonly List<PipelineProgram> _pipelines = [];
    private readonly List<Task> _running = [];

    public string Name => "transaction";

    public IReadOnlyList<TopicPartition> Partitions => [.. Accounts, .. Inputs, .. Outputs];

    private static IReadOnlyList<TopicPartition> Accounts { get; } = [new("accounts", 0), new("accounts", 1)];

    private static IReadOnlyList<TopicPartition> Inputs { get; } = [new("inputs", 0), new("inputs", 1)];

    private static IReadOnlyList<TopicPartition> Outputs { get; } = [new("made", 0), new("made", 1)];

    public async Task PrepareAsync(CancellationToken cancel)
    {
        foreach (IGrouping<string, TopicPartition> topic in Partitions.GroupBy(each => each.Topic))
        {
            await LogEnd.CreateTopicAsync(context.Clients, topic.Key, topic.Count(), cancel);
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        ProducerStyle style = new(Acks.All, SendFlavour.Safe, MaxOutstanding: 8, TimeSpan.FromMilliseconds(60));
        List<Task> clients =
        [
            new ProducerLoop(context, Inputs, style, context.Random.Split("input producer")).RunAsync(stop),
            new ConsumerLoop(context, Partitions, context.Random.Split("committed reader"), readsCommitted: true).RunAsync(stop),
            new WatchLoop(context, Partitions).RunAsync(stop),
        ];
        for (int i = 0; i < Transfers; i++)
        {
            // Two speak each version, and two share each name.
            TransferProgram transfer = new(
                World("transfer", i),
                FirstNumber + i,
                Protocol(i),
                $"transfers-{i / 2}",
                GroupWorkload.Session,
                Accounts
            );
            _transfers.Add(transfer);
            clients.Add(transfer.RunAsync());
        }

        for (int i = 0; i < Pipelines; i++)
        {
            PipelineProgram pipeline = new(
                World("pipeline", i),
                FirstNumber + Transfers + i,
                Protocol(i),
                Group,
                Inputs,
                Outputs,
                GroupWorkload.Session,
                isClassic: true
            );
            _pipelines.Add(pipeline);
            _running.Add(pipeline.RunAsync());
        }

        using CancellationTokenRegistration stopping = stop.Register(() => _transfers.ForEach(each => each.Stop()));
        await Task.WhenAll(clients);
    }

    /// <summary>The pipeline works off what there is; nothing may stay open; then everything is read.</summary>
    public async Task<bool> ReadEndAsync(CancellationToken cancel)
    {
        IReadOnlyDictionary<TopicPartition, FoundOffset> ends = await LogEnd.FindEndsAsync(context.Clients, Inputs);
        CommittedOffsets committed = new(World("end", 0), Group, Inputs);
        bool isWhole = await ReachAsync(async () =>
        {
            await committed.ReadAsync();
            return Inputs.All(each => committed.Known.GetValueOrDefault(each, Offset.Zero) >= ends[each].Offset);
        });
        _pipelines.ForEach(each => each.Stop());
        await Task.WhenAll(_running);
        List<StableEnd> stable = [];
        await ReachAsync(async () => (stable = await FindStableAsync()).TrueForAll(each => each.LastStable >= each.HighWatermark));

        // What was committed in between has no offset yet.
        await committed.ReadAsync();
        CoordinatedWorld.Record(
            context,
            new History
            {
                Sends = [.. Logs.SelectMany(each => each.Sends)],
                Transactions = [.. Logs.SelectMany(each => each.Transactions)],
                Sessions = [.. Logs.SelectMany(each => each.Sessions)],
                Offsets = [.. _pipelines.SelectMany(each => each.Group.Offsets)],
                Ownerships = [.. _pipelines.SelectMany(each => each.Group.Ownerships)],
                StableEnds = stable,
                Pipelines = [new Pipeline(Group, committed.Known)],
            }
        );
        return isWhole && await LogEnd.ReadAsync(context, Partitions, cancel, readsCommitted: true);
    }

    private IEnumerable<TransactionLog> Logs => _transfers.Select(each => each.Log).Concat(_pipelines.Select(each => each.Log));

    private static TransactionProtocol Protocol(int number) => number % 2 == 0 ? TransactionProtocol.First : TransactionProtocol.Second;

    private static async Task<bool> ReachAsync(Func<Task<bool>> goal)
    {
        long begun = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begun) < Limit)
        {
            if (await goal())
            {
                return true;
            }

            await Task.Delay(Glance, TimeProvider.System);
        }

        return false;
    }

    private ProgramWorld World(string program, int number) => CoordinatedWorld.Of(context, openRaw(), program, number);

    private async Task<List<StableEnd>> FindStableAsync()
    {
        using KafkaCluster cluster = context.Clients.Open();
        SortedDictionary<TopicPartition, OffsetSpec> all = new(Partitions.ToDictionary(each => each, _ => OffsetSpec.Latest));
        IReadOnlyDictionary<TopicPartition, FoundOffset> ends = await cluster.Admin.ListOffsetsAsync(all);
        IReadOnlyDictionary<TopicPartition, FoundOffset> stable = await cluster.Admin.ListOffsetsAsync(all, readCommitted: true);
        return [.. all.Keys.Select(each => new StableEnd(each, stable[each].Offset, ends[each].Offset))];
    }
}
