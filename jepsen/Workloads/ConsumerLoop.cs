using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>
/// Reads partitions with the shipped consumer and notes what it saw. Now and then it crashes; another client goes on where it was, or
/// begins at the beginning.
/// </summary>
internal sealed class ConsumerLoop(
    RunContext context,
    IReadOnlyList<TopicPartition> partitions,
    SimRandom random,
    bool readsCommitted = false
)
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(40);

    private readonly SortedDictionary<TopicPartition, Offset> _positions = [];

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            bool fromBeginning = random.Chance(0.3);
            SortedDictionary<TopicPartition, StartAt> starts = new(
                partitions.ToDictionary(
                    each => each,
                    each => fromBeginning || !_positions.TryGetValue(each, out Offset known) ? StartAt.Beginning : StartAt.Offset(known)
                )
            );
            try
            {
                using KafkaCluster cluster = context.Clients.Open();
                using Consumer consumer = cluster.CreateConsumer(
                    new ConsumerOptions { MaxPartitionBytes = 256 << 10, ReadCommitted = readsCommitted }
                );
                consumer.Assign(starts);
                await ReadAsync(consumer, context.Recorder.NewProcess(), random.Exponential(Life), stop);
            }
            catch (KafkaException failure)
            {
                PolledRecords.NoteFailure(context.Recorder, failure);
                await Task.Delay(Turn, TimeProvider.System);
            }
        }
    }

    private async Task ReadAsync(Consumer consumer, int process, TimeSpan life, CancellationToken stop)
    {
        long begun = TimeProvider.System.GetTimestamp();
        while (!stop.IsCancellationRequested && TimeProvider.System.GetElapsedTime(begun) < life)
        {
            using FetchedRecords? records = await consumer.ReadAsync(Turn, stop);
            if (records is not null)
            {
                PolledRecords.Note(context.Recorder, records, process, HistoryFunction.Poll);
                _positions[records.Partition] = records.Next;
            }
        }
    }
}
