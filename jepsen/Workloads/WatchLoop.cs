using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Jepsen.Recording;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Workloads;

/// <summary>Asks again and again for the ends of partitions and for their leaders.</summary>
internal sealed class WatchLoop(RunContext context, IReadOnlyList<TopicPartition> partitions)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    public async Task RunAsync(CancellationToken stop)
    {
        using KafkaCluster cluster = context.Clients.Open();
        int process = context.Recorder.NewProcess();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await AskLeadersAsync(cluster, process);
                await AskEndsAsync(cluster, process);
            }
            catch (KafkaException failure)
            {
                context.Recorder.Note($"the watcher was not answered: {failure.Message}");
            }

            await Task.Delay(Interval, TimeProvider.System);
        }
    }

    private async Task AskEndsAsync(KafkaCluster cluster, int process)
    {
        Recorder recorder = context.Recorder;
        long operation = recorder.NewOperation();
        recorder.Add(process, operation, EventType.Invoke, HistoryFunction.End);
        IReadOnlyDictionary<TopicPartition, FoundOffset> ends = await cluster.Admin.ListOffsetsAsync(
            new SortedDictionary<TopicPartition, OffsetSpec>(partitions.ToDictionary(each => each, _ => OffsetSpec.Latest))
        );
        foreach ((TopicPartition partition, FoundOffset end) in ends)
        {
            recorder.Add(
                process,
                operation,
                EventType.Ok,
                HistoryFunction.End,
                entry => entry with { Partition = partition, Offset = end.Offset }
            );
        }
    }

    private async Task AskLeadersAsync(KafkaCluster cluster, int process)
    {
        foreach (TopicDescription topic in await cluster.Admin.DescribeTopicsAsync([.. partitions.Select(each => each.Topic).Distinct()]))
        {
            foreach (PartitionDescription told in topic.Partitions.Where(each => each.Leader.IsNode))
            {
                TopicPartition partition = new(topic.Name, told.Index);
                context.LearnLeader(partition, told.Leader);
                context.Recorder.Add(
                    process,
                    context.Recorder.NewOperation(),
                    EventType.Ok,
                    HistoryFunction.Leader,
                    entry => entry with { Partition = partition, Epoch = told.LeaderEpoch, Node = told.Leader }
                );
            }
        }
    }
}
