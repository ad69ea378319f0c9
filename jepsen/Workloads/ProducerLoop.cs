using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>How a <see cref="ProducerLoop"/> sends.</summary>
/// <param name="Acks">When a record counts.</param>
/// <param name="Flavour">How it is judged.</param>
/// <param name="MaxOutstanding">The most records without a response.</param>
/// <param name="Interval">The mean time between records.</param>
internal sealed record ProducerStyle(Acks Acks, SendFlavour Flavour, int MaxOutstanding, TimeSpan Interval);

/// <summary>
/// Produces numbered records with the shipped producer, and notes what became of each. After a failure, and now and then without, another
/// client begins anew.
/// </summary>
internal sealed class ProducerLoop(RunContext context, IReadOnlyList<TopicPartition> partitions, ProducerStyle style, SimRandom random)
{
    private static readonly TimeSpan Delivery = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(40);

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using KafkaCluster cluster = context.Clients.Open();
            await LiveAsync(cluster, stop);
        }
    }

    private async Task LiveAsync(KafkaCluster cluster, CancellationToken stop)
    {
        int process = context.Recorder.NewProcess();
        await using Producer producer = cluster.CreateProducer(
            new ProducerOptions
            {
                Acks = style.Acks,
                Idempotence = style.Acks == Acks.All,
                DeliveryTimeout = Delivery,
                MaxBlock = Delivery,
            }
        );
        List<Task<bool>> outstanding = [];
        long begun = TimeProvider.System.GetTimestamp();
        TimeSpan life = random.Exponential(Life);
        bool isFirst = true;
        bool hasFailed = false;
        while (!stop.IsCancellationRequested && !hasFailed && TimeProvider.System.GetElapsedTime(begun) < life)
        {
            await Task.Delay(random.Exponential(style.Interval), TimeProvider.System);
            foreach (Task<bool> done in outstanding.FindAll(each => each.IsCompleted))
            {
                hasFailed |= !await done;
                outstanding.Remove(done);
            }

            for (int burst = 1 + random.Next(4); burst > 0 && outstanding.Count < style.MaxOutstanding; burst--)
            {
                Task<bool> sent = SendAsync(producer, process, partitions[random.Next(partitions.Count)]);
                outstanding.Add(sent);
                if (isFirst)
                {
                    // The order of calls is the order of records only once the producer knows the topic.
                    isFirst = false;
                    await sent;
                }
            }
        }

        await Task.WhenAll(outstanding);
    }

    private async Task<bool> SendAsync(Producer producer, int process, TopicPartition partition)
    {
        long operation = context.Recorder.NewOperation();
        RecordValue value = context.NewValue();
        context.Recorder.Add(
            process,
            operation,
            EventType.Invoke,
            HistoryFunction.Send,
            entry => entry with { Partition = partition, Value = value, Flavour = style.Flavour }
        );
        try
        {
            ProduceResult result = await producer.ProduceAsync(
                partition.Topic,
                new ProducerRecord(null, Payload.Write(value, partition)) { Partition = partition.Partition }
            );
            context.Recorder.Add(process, operation, EventType.Ok, HistoryFunction.Send, entry => entry with { Offset = result.Offset });
            return true;
        }
        catch (KafkaException failure)
        {
            EventType type = ResultClass.OfRetriedProduce(failure.Code) == SendOutcome.Rejected ? EventType.Fail : EventType.Info;
            context.Recorder.Add(process, operation, type, HistoryFunction.Send, entry => entry with { Note = failure.Message });
            return false;
        }
    }
}
