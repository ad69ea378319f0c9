using RaftLog.Checking;
using RaftLog.Jepsen.Recording;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>
/// W8: administrators at every node create, delete, extend and configure the same few topics. A name is retired after some operations, so
/// that its history can be searched.
/// </summary>
internal sealed class MetadataWorkload(RunContext context, Func<RawClient> openRaw) : IWorkload
{
    private const int Administrators = 4;
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly DrawnTopicNames _names = new();

    public string Name => "metadata";

    public IReadOnlyList<TopicPartition> Partitions => [];

    public Task PrepareAsync(CancellationToken cancel) => Task.CompletedTask;

    public Task RunAsync(CancellationToken stop) =>
        Task.WhenAll(
            Enumerable
                .Range(0, Administrators)
                .Select(each => new AdministratorLoop(context, openRaw, _names, context.Random.Split("administrator", each)).RunAsync(stop))
        );

    /// <summary>Every node must come to say the same of every topic; that is then what is true.</summary>
    public async Task<bool> ReadEndAsync(CancellationToken cancel)
    {
        using RawClient raw = openRaw();
        TopicRequests requests = new(raw);
        Recorder recorder = context.Recorder;
        int process = recorder.NewProcess();
        bool all = true;
        foreach (string topic in _names.All)
        {
            long operation = recorder.NewOperation();
            TopicState? agreed = await AgreeAsync(raw, requests, topic, cancel);
            recorder.Add(
                process,
                operation,
                EventType.Invoke,
                HistoryFunction.Metadata,
                entry => entry with { Topic = topic, Action = MetadataAction.Read }
            );
            if (agreed is { } state)
            {
                recorder.Add(process, operation, EventType.Ok, HistoryFunction.Metadata, entry => entry with { State = state });
            }

            all &= agreed is not null;
        }

        return all;
    }

    private static async Task<TopicState?> AgreeAsync(RawClient raw, TopicRequests requests, string topic, CancellationToken cancel)
    {
        long begun = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begun) < SettleLimit)
        {
            List<TopicState?> told = [];
            foreach (NodeId node in raw.Nodes)
            {
                told.Add(await requests.ReadAsync(node, topic));
            }

            if (told[0] is { } first && told.TrueForAll(each => each == first))
            {
                return first;
            }

            await Task.Delay(Pause, TimeProvider.System, cancel);
        }

        return null;
    }
}
