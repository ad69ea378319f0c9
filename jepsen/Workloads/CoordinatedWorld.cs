using RaftLog.Checking;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>What the simulation's programs need here: real clients and the real clock; and where what they did goes at the end.</summary>
internal static class CoordinatedWorld
{
    public static ProgramWorld Of(RunContext context, RawClient client, string program, int number) =>
        new(
            client,
            TimeProvider.System,
            () => context.Recorder.NowUs,
            context.Random.Split(program, number),
            (partition, value) => Payload.Write(value, partition)
        );

    /// <summary>Writes what programs did into the history.</summary>
    public static void Record(RunContext context, History did)
    {
        foreach (SentRecord sent in did.Sends)
        {
            long operation = context.Recorder.NewOperation();
            HistoryEvent begun = new(sent.InvokedUs ?? 0, sent.Producer, operation, EventType.Invoke, HistoryFunction.Send)
            {
                Partition = sent.Partition,
                Value = sent.Value,
                Transaction = sent.Transaction,
                Amount = sent.Amount,
                Source = sent.Source,
            };
            context.Recorder.AddAt(begun);
            context.Recorder.AddAt(
                new HistoryEvent(
                    sent.CompletedUs ?? context.Recorder.NowUs,
                    sent.Producer,
                    operation,
                    CoordinatedEvents.TypeOf(sent.Outcome),
                    HistoryFunction.Send
                )
                {
                    Offset = sent.Offset,
                }
            );
        }

        foreach (HistoryEvent entry in CoordinatedEvents.Of(did))
        {
            context.Recorder.AddAt(entry with { Operation = context.Recorder.NewOperation() });
        }
    }
}
