using System.Diagnostics.Metrics;
using RaftLog.Broker.Memory;
using RaftLog.Broker.Metadata;
using RaftLog.Broker.Network;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Broker.Wiring;
using RaftLog.Platform.Buffers;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Metrics;

/// <summary>
/// Shows what a node counts through <c>System.Diagnostics.Metrics</c>, where <c>dotnet-counters</c> and exporters find it. All instruments
/// are observed ones: the rooms count in plain fields, and nothing is computed unless somebody asks. docs/operations.md lists them.
/// </summary>
internal sealed class NodeMeter : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "RaftLog";

    private readonly Meter _meter;
    private readonly TimeProvider _time;

    /// <summary>Begins to show them.</summary>
    /// <param name="node">The node.</param>
    /// <param name="storage">Its directories.</param>
    /// <param name="listeners">Its ports.</param>
    /// <param name="quorum">What it is to the quorum.</param>
    /// <param name="publisher">Who applies metadata.</param>
    /// <param name="broker">What it is to clients; null for a mere controller.</param>
    public NodeMeter(
        NodeContext node,
        NodeStorage storage,
        NodeListeners listeners,
        QuorumAssembly quorum,
        MetadataPublisher publisher,
        BrokerAssembly? broker
    )
    {
        _time = node.World.Time;
        _meter = new Meter(new MeterOptions(Name) { Tags = [new("node.id", node.Self.Value), new("cluster.id", storage.ClusterId)] });
        ShowRequests(broker?.Apis, quorum.Apis);
        ShowConnections(listeners);
        ShowBudgets(node.Memory, storage.Decompression);
        ShowFlushes(storage.Directories);
        ShowLoops(("quorum", quorum.Loop), ("metadata publisher", publisher.Counters));
        _meter.CreateObservableCounter(
            "raftlog.quorum.elections",
            () => quorum.Elections,
            "{election}",
            "New leaders of the quorum that the node has heard of."
        );
        _meter.CreateObservableGauge(
            "raftlog.recovery.time",
            () => storage.RecoveryTime.TotalSeconds,
            "s",
            "How long the partitions' logs took to open at the start."
        );
        if (broker is not null)
        {
            ShowPartitions(broker.Partitions, broker.Counters);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    private void ShowRequests(ApiTable? clients, ApiTable? controllers)
    {
        _meter.CreateObservableCounter(
            "raftlog.requests",
            () => Of(static (_, counters) => counters.Requests),
            "{request}",
            "Requests that have ended."
        );
        _meter.CreateObservableCounter(
            "raftlog.request.errors",
            () => Of(static (_, counters) => counters.Errors),
            "{error}",
            "Error codes in responses."
        );
        _meter.CreateObservableCounter(
            "raftlog.request.time",
            () => Of(Seconds),
            "s",
            "Time from the last byte of a request to the sending of its response, waits included."
        );

        double Seconds(TimeProvider time, ApiCounters counters) => time.GetElapsedTime(0, counters.Ticks).TotalSeconds;

        IEnumerable<Measurement<T>> Of<T>(Func<TimeProvider, ApiCounters, T> read)
            where T : struct
        {
            foreach ((string listener, ApiTable? table) in new[] { ("client", clients), ("controller", controllers) })
            {
                foreach (Api api in table?.Rows ?? [])
                {
                    if (api.Counters.Requests > 0)
                    {
                        yield return new Measurement<T>(
                            read(_time, api.Counters),
                            new("api", api.Key.ToString()),
                            new("listener", listener)
                        );
                    }
                }
            }
        }
    }

    private void ShowConnections(NodeListeners listeners)
    {
        _meter.CreateObservableGauge(
            "raftlog.connections.open",
            () => listeners.Counts().Open,
            "{connection}",
            "Connections that are open."
        );
        _meter.CreateObservableCounter(
            "raftlog.connections.accepted",
            () => listeners.Counts().Accepted,
            "{connection}",
            "Connections that were accepted."
        );
        _meter.CreateObservableCounter(
            "raftlog.connections.rejected",
            () => listeners.Counts().Rejected,
            "{connection}",
            "Connections closed at once, above a bound."
        );
        _meter.CreateObservableCounter(
            "raftlog.network.received",
            () => listeners.Counts().BytesReceived,
            "By",
            "Bytes that clients and nodes have sent."
        );
        _meter.CreateObservableCounter(
            "raftlog.network.sent",
            () => listeners.Counts().BytesSent,
            "By",
            "Bytes that clients and nodes were sent."
        );
    }

    private void ShowBudgets(MemoryBudgets memory, DecompressionBudget decompression)
    {
        (string Name, BufferPool Pool)[] pools =
        [
            ("requests", memory.Requests),
            ("small requests", memory.SmallRequests),
            ("controller requests", memory.Controllers),
            ("replication", memory.Replication),
        ];
        _meter.CreateObservableGauge(
            "raftlog.memory.used",
            () => Of(static pool => pool.LeasedBytes).Append(OfDecompression(decompression.UsedBytes)),
            "By",
            "Bytes of a budget that are in use."
        );
        _meter.CreateObservableGauge(
            "raftlog.memory.limit",
            () => Of(static pool => pool.MaxBytes).Append(OfDecompression(decompression.MaxBytes)),
            "By",
            "Bytes of a budget."
        );
        _meter.CreateObservableGauge(
            "raftlog.memory.idle",
            () => Of(static pool => pool.IdleBytes),
            "By",
            "Bytes that are kept for the next use."
        );

        IEnumerable<Measurement<long>> Of(Func<BufferPool, long> read) => pools.Select(each => InBudget(each.Name, read(each.Pool)));

        static Measurement<long> OfDecompression(long bytes) => InBudget("decompression", bytes);

        static Measurement<long> InBudget(string name, long bytes) => new(bytes, new KeyValuePair<string, object?>("budget", name));
    }

    private void ShowFlushes(IReadOnlyList<LogDirectory> directories)
    {
        _meter.CreateObservableCounter(
            "raftlog.flush.groups",
            () => Of(static each => each.Groups),
            "{flush}",
            "Groups of logs that were flushed together."
        );
        _meter.CreateObservableCounter("raftlog.flush.logs", () => Of(static each => each.Logs), "{log}", "Logs in these groups.");
        _meter.CreateObservableCounter(
            "raftlog.flush.bytes",
            () => Of(static each => each.Bytes),
            "By",
            "Bytes of records that were flushed."
        );
        _meter.CreateObservableCounter(
            "raftlog.flush.time",
            () => Of(each => _time.GetElapsedTime(0, each.Ticks).TotalSeconds),
            "s",
            "Time that the groups took."
        );

        IEnumerable<Measurement<T>> Of<T>(Func<FlushCounters, T> read)
            where T : struct
        {
            foreach (LogDirectory each in directories)
            {
                yield return new Measurement<T>(read(each.Flusher.Counters), new KeyValuePair<string, object?>("directory", each.Path));
                if (each.MetadataFlusher is { } metadata)
                {
                    yield return new Measurement<T>(
                        read(metadata.Counters),
                        new KeyValuePair<string, object?>("directory", each.Path),
                        new KeyValuePair<string, object?>("log", "metadata")
                    );
                }
            }
        }
    }

    private void ShowLoops(params (string Name, EventLoopCounters Counters)[] loops)
    {
        _meter.CreateObservableCounter(
            "raftlog.loop.inputs",
            () => Of(static each => each.Inputs),
            "{input}",
            "Inputs that an event loop has run."
        );
        _meter.CreateObservableCounter(
            "raftlog.loop.groups",
            () => Of(static each => each.Groups),
            "{group}",
            "Groups of inputs that it has taken at once."
        );
        _meter.CreateObservableCounter(
            "raftlog.loop.wait.time",
            () => Of(each => Seconds(each.WaitTicks)),
            "s",
            "How long the first input of each group has waited."
        );
        _meter.CreateObservableCounter("raftlog.loop.run.time", () => Of(each => Seconds(each.RunTicks)), "s", "How long the groups took.");

        double Seconds(long ticks) => _time.GetElapsedTime(0, ticks).TotalSeconds;

        IEnumerable<Measurement<T>> Of<T>(Func<EventLoopCounters, T> read)
            where T : struct =>
            loops.Select(each => new Measurement<T>(read(each.Counters), new KeyValuePair<string, object?>("loop", each.Name)));
    }

    private void ShowPartitions(PartitionTable partitions, PartitionCounters counters)
    {
        _meter.CreateObservableGauge("raftlog.partitions", () => partitions.All.Count, "{partition}", "Partitions that the node holds.");
        _meter.CreateObservableGauge(
            "raftlog.partitions.leading",
            () => partitions.All.Count(static each => each.Role is PartitionLeaderRole),
            "{partition}",
            "Partitions that it leads."
        );
        _meter.CreateObservableGauge(
            "raftlog.partitions.under_replicated",
            () => partitions.All.Count(static each => each.IsUnderReplicated),
            "{partition}",
            "Those with replicas that are not in sync."
        );
        _meter.CreateObservableGauge("raftlog.log.size", () => LogSizes(partitions), "By", "Bytes of record batches.");
        _meter.CreateObservableCounter(
            "raftlog.leaderships",
            () => counters.Leaderships,
            "{leadership}",
            "How often the node began to lead a partition."
        );
        _meter.CreateObservableCounter(
            "raftlog.isr.shrinks",
            () => counters.InSyncShrinks,
            "{change}",
            "How often replicas left an in-sync set that it leads."
        );
        _meter.CreateObservableCounter(
            "raftlog.isr.expansions",
            () => counters.InSyncExpansions,
            "{change}",
            "How often replicas joined an in-sync set that it leads."
        );
    }

    private static IEnumerable<Measurement<long>> LogSizes(PartitionTable partitions)
    {
        SortedDictionary<string, long> sizes = new(StringComparer.Ordinal);
        foreach (Partition partition in partitions.All)
        {
            sizes[partition.Directory.Path] = sizes.GetValueOrDefault(partition.Directory.Path) + partition.Log.SizeBytes;
        }

        return sizes.Select(each => new Measurement<long>(each.Value, new KeyValuePair<string, object?>("directory", each.Key)));
    }
}
