using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Jepsen.Faults;
using RaftLog.Jepsen.Processes;
using RaftLog.Jepsen.Recording;
using RaftLog.Jepsen.Reporting;
using RaftLog.Jepsen.Workloads;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen;

/// <summary>
/// One run: a cluster, clients, faults; then all is healed, progress is required, everything is read, the nodes are stopped and their files
/// compared.
/// </summary>
internal sealed class JepsenRun
{
    private const long MaxGapUs = 10_000_000;
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Closing = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private readonly RunOptions _options;
    private readonly string _directory;
    private readonly Action<string> _say;
    private readonly Recorder _recorder;
    private readonly SimRandom _random;
    private readonly List<string> _doubts = [];

    private JepsenRun(RunOptions options, string directory, Action<string> say)
    {
        _options = options;
        _directory = directory;
        _say = say;
        _recorder = new Recorder(Path.Combine(directory, "history.jsonl"));
        _random = new SimRandom(options.Seed);
    }

    /// <summary>Runs, judges, and writes <c>history.jsonl</c> and <c>index.html</c> into the directory.</summary>
    /// <param name="options">What the run is like.</param>
    /// <param name="system">The system under test; null for the user's own cluster.</param>
    /// <param name="directory">Where everything goes.</param>
    /// <param name="say">Where progress goes.</param>
    /// <param name="cancel">Ends the run early.</param>
    public static async Task<Verdict> RunAsync(
        RunOptions options,
        ISystemUnderTest? system,
        string directory,
        Action<string> say,
        CancellationToken cancel
    )
    {
        Directory.CreateDirectory(directory);
        JepsenRun run = new(options, Path.GetFullPath(directory), say);
        using Recorder recorder = run._recorder;
        IReadOnlyList<ReplicaLog>? replicas = null;
        try
        {
            replicas = system is null ? await run.OnOwnClusterAsync(cancel) : await run.OnNodesAsync(system, cancel);
        }
        catch (OperationCanceledException)
        {
            run._doubts.Add("the run was ended early");
        }
        catch (Exception e) when (e is KafkaException or InvalidOperationException)
        {
            run._doubts.Add($"the run came to no end: {e.Message}");
        }

        if (system is not null && replicas is null)
        {
            run._doubts.Add("the files of the replicas were not compared");
        }

        say("judging");
        IReadOnlyList<HistoryEvent> events = recorder.Events();
        Verdict verdict = Judge.Of(events, replicas, options.FaultNames.Count > 0, run._doubts, system?.MakesChangesOnce ?? false);
        await File.WriteAllTextAsync(
            Path.Combine(directory, "index.html"),
            new VerdictPage(verdict, events, system?.Name ?? options.BootstrapServers ?? "", options.Reproduction).Render(),
            CancellationToken.None
        );
        return verdict;
    }

    private async Task<IReadOnlyList<ReplicaLog>?> OnOwnClusterAsync(CancellationToken cancel)
    {
        Clients clients = new(_options.BootstrapServers!);
        List<(NodeId, NetworkAddress)> nodes;
        using (KafkaCluster cluster = clients.Open())
        {
            nodes = [.. (await cluster.Admin.DescribeClusterAsync()).Brokers.Select(each => (each.Id, each.Address))];
        }

        await WorkAsync(new RunContext(_recorder, clients, _random), () => OpenRaw(nodes), null, cancel);
        return null;
    }

    private async Task<IReadOnlyList<ReplicaLog>?> OnNodesAsync(ISystemUnderTest system, CancellationToken cancel)
    {
        _say($"starting three nodes of {system.Name} in {_directory}");
        using NodeSet nodes = await NodeSet.StartAsync(system, _directory, _options.Settings, Alarm, cancel);
        List<(NodeId, NetworkAddress)> addresses =
        [
            .. nodes.Nodes.Select(each => (new NodeId(each.Id), new NetworkAddress("127.0.0.1", each.Ports.ClientsProxy))),
        ];
        RunContext context = new(_recorder, new Clients(nodes.Bootstrap), _random);
        IReadOnlyDictionary<TopicPartition, FoundOffset>? ends = await WorkAsync(context, () => OpenRaw(addresses), nodes, cancel);
        _say("stopping the nodes");
        await nodes.StopAsync();
        return ends is null ? null : ReadReplicas(nodes, ends);
    }

    private void Alarm(string what)
    {
        _say(what);
        _recorder.Add(0, _recorder.NewOperation(), EventType.Info, HistoryFunction.Exit, entry => entry with { Note = what });
    }

    /// <summary>The clients' part; the ends of the logs when everything was read.</summary>
    private async Task<IReadOnlyDictionary<TopicPartition, FoundOffset>?> WorkAsync(
        RunContext context,
        Func<RawClient> openRaw,
        NodeSet? nodes,
        CancellationToken cancel
    )
    {
        List<IWorkload> workloads = [.. _options.WorkloadNames.Select(name => Create(name, context, openRaw))];
        foreach (IWorkload workload in workloads)
        {
            await workload.PrepareAsync(cancel);
        }

        List<TopicPartition> partitions = [.. workloads.SelectMany(each => each.Partitions)];
        await LogEnd.WaitForReplicasAsync(context.Clients, partitions, Recovery, cancel);
        _say(
            $"working for {_options.Duration.TotalSeconds:0} s: {string.Join(", ", _options.WorkloadNames)}; faults: "
                + $"{(_options.FaultNames.Count == 0 ? "none" : string.Join(", ", _options.FaultNames))}; seed {_options.Seed}"
        );
        using CancellationTokenSource stop = new();
        Task working = Task.WhenAll(workloads.Select(each => each.RunAsync(stop.Token)));
        try
        {
            await DisturbAsync(context, nodes, cancel);
            await RequireProgressAsync(context, partitions, cancel);
        }
        finally
        {
            stop.Cancel();
        }

        await working.WaitAsync(Grace, TimeProvider.System, CancellationToken.None);
        _say("reading everything");
        bool isComplete = true;
        foreach (IWorkload workload in workloads)
        {
            isComplete &= await workload.ReadEndAsync(cancel);
        }

        _recorder.Add(0, _recorder.NewOperation(), isComplete ? EventType.Ok : EventType.Info, HistoryFunction.FinalRead);
        if (!isComplete)
        {
            _doubts.Add("what is true at the end could not be read whole");
        }

        return await LogEnd.FindEndsAsync(context.Clients, partitions);
    }

    private async Task DisturbAsync(RunContext context, NodeSet? nodes, CancellationToken cancel)
    {
        using CancellationTokenSource end = new(_options.Duration, TimeProvider.System);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancel, end.Token);
        Task progress = ReportAsync(over.Token);
        if (nodes is not null && _options.FaultNames.Count > 0)
        {
            FaultFactory factory = new(nodes, context.Leaders, _random.Split("faults"), cancel);
            await new Nemesis(factory, _options.FaultNames, _recorder, _random.Split("nemesis"), _say).RunAsync(over.Token);
        }

        await progress;
        cancel.ThrowIfCancellationRequested();
        if (nodes is not null)
        {
            _say("healing");
            await nodes.HealAsync(cancel);
        }
    }

    private async Task ReportAsync(CancellationToken over)
    {
        TimeSpan interval = TimeSpan.FromSeconds(10);
        int before = 0;
        while (!over.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(interval, TimeProvider.System, over);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            int now = _recorder.Acknowledged;
            _say($"{now:N0} acknowledged, {(now - before) / interval.TotalSeconds:0} a second");
            before = now;
        }
    }

    /// <summary>After healing every replica comes back, and then something is acknowledged again and again.</summary>
    private async Task RequireProgressAsync(RunContext context, IReadOnlyList<TopicPartition> partitions, CancellationToken cancel)
    {
        if (partitions.Count == 0)
        {
            await Task.Delay(Closing, TimeProvider.System, cancel);
            return;
        }

        if (await LogEnd.WaitForReplicasAsync(context.Clients, partitions, Recovery, cancel) is { } missing)
        {
            _doubts.Add($"{Recovery.TotalSeconds:0} s after everything was healed {missing}");
        }

        long from = _recorder.NowUs;
        await Task.Delay(Closing, TimeProvider.System, cancel);
        _recorder.AddAt(
            new HistoryEvent(from, 0, _recorder.NewOperation(), EventType.Ok, HistoryFunction.Promise)
            {
                Promise = (_recorder.NowUs, MaxGapUs),
            }
        );
    }

    private static RawClient OpenRaw(IReadOnlyList<(NodeId Node, NetworkAddress Address)> nodes) =>
        new(ClientWorld.Real(), "jepsen", nodes);

    private IWorkload Create(string name, RunContext context, Func<RawClient> openRaw) =>
        name switch
        {
            "append" => new AppendWorkload(context, _options.WeakAcks),
            "sequence" => new SequenceWorkload(context, openRaw),
            "failover" => new FailoverWorkload(context),
            "metadata" => new MetadataWorkload(context, openRaw),
            "group" => new GroupWorkload(context, openRaw),
            "transaction" => new TransactionWorkload(context, openRaw),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such workload"),
        };

    private List<ReplicaLog>? ReadReplicas(NodeSet nodes, IReadOnlyDictionary<TopicPartition, FoundOffset> ends)
    {
        List<ReplicaLog> replicas = [];
        foreach ((TopicPartition partition, FoundOffset end) in ends)
        {
            foreach (NodeProcess node in nodes.Nodes)
            {
                if (ReplicaFiles.Read(node, partition, end.Offset) is { } replica)
                {
                    replicas.Add(replica);
                }
                else
                {
                    _doubts.Add($"node {node.Id} has no directory of {partition}");
                    return null;
                }
            }
        }

        return replicas;
    }
}
