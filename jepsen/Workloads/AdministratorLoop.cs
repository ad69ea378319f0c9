using RaftLog.Checking;
using RaftLog.Jepsen.Recording;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>One administrator of W8.</summary>
internal sealed class AdministratorLoop(RunContext context, Func<RawClient> openRaw, DrawnTopicNames names, SimRandom random)
{
    private const int MaxPartitions = 8;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(120);

    public async Task RunAsync(CancellationToken stop)
    {
        using RawClient raw = openRaw();
        TopicRequests requests = new(raw);
        int process = context.Recorder.NewProcess();
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(random.Exponential(Interval), TimeProvider.System);
            bool isDecided = await ActAsync(requests, raw.Nodes[random.Next(raw.Nodes.Count)], process);
            process = isDecided ? process : context.Recorder.NewProcess();
        }
    }

    private async Task<bool> ActAsync(TopicRequests requests, NodeId node, int process)
    {
        Recorder recorder = context.Recorder;
        string topic = names.Next(random.Next(1 << 20));
        MetadataAction action = random.Next(100) switch
        {
            < 30 => MetadataAction.Create,
            < 42 => MetadataAction.Delete,
            < 60 => MetadataAction.Grow,
            < 80 => MetadataAction.Set,
            _ => MetadataAction.View,
        };
        TopicState wanted = new(true, 1 + random.Next(MaxPartitions), action == MetadataAction.Set ? context.NewValue().Value : 0);
        long operation = recorder.NewOperation();
        recorder.Add(
            process,
            operation,
            EventType.Invoke,
            HistoryFunction.Metadata,
            entry => entry with { Topic = topic, Action = action, Node = node, State = wanted }
        );
        if (action == MetadataAction.View)
        {
            long? setting = await requests.ReadSettingAsync(node, topic);
            recorder.Add(
                process,
                operation,
                setting is null ? EventType.Fail : EventType.Ok,
                HistoryFunction.Metadata,
                entry => entry with { State = new TopicState(true, 0, setting ?? 0) }
            );
            return true;
        }

        (SendOutcome outcome, string? why) = await requests.ChangeAsync(node, topic, action, wanted);
        EventType type = outcome switch
        {
            SendOutcome.Acknowledged => EventType.Ok,
            SendOutcome.Rejected => EventType.Fail,
            _ => EventType.Info,
        };
        recorder.Add(process, operation, type, HistoryFunction.Metadata, entry => entry with { Note = why });
        return type != EventType.Info;
    }
}
