using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Groups and transactions as lines of a history, of which each thing has one, and back.</summary>
public static class CoordinatedEvents
{
    private static readonly EventType[] Types = [EventType.Info, EventType.Ok, EventType.Fail];

    /// <summary>The events for what is in a history, without times, processes and operations of their own.</summary>
    public static IEnumerable<HistoryEvent> Of(History history)
    {
        foreach (ProducerSession each in history.Sessions)
        {
            yield return New(each.CompletedUs, EventType.Ok, HistoryFunction.Session) with
            {
                Name = each.TransactionalId,
                Session = each.Number,
                FromUs = each.InvokedUs,
            };
        }

        foreach (ClientTransaction each in history.Transactions)
        {
            yield return New(each.CompletedUs ?? 0, TypeOf(each.Outcome), HistoryFunction.Transaction) with
            {
                Name = each.TransactionalId,
                Transaction = each.Number,
                Session = each.Session,
                FromUs = each.CommitInvokedUs,
                ToUs = each.CompletedUs,
            };
        }

        foreach (OffsetOperation each in history.Offsets)
        {
            yield return New(each.InvokedUs, TypeOf(each.Outcome), HistoryFunction.GroupOffset) with
            {
                Name = each.Group,
                Partition = each.Action == OffsetAction.Join ? null : each.Partition,
                Does = each.Action,
                Generation = each.Generation,
                Offset = each.Offset,
                FromUs = each.InvokedUs,
                ToUs = each.CompletedUs,
            };
        }

        foreach (Ownership each in history.Ownerships)
        {
            yield return New(each.ToUs, EventType.Ok, HistoryFunction.Ownership) with
            {
                Name = each.Group,
                Partition = each.Partition,
                Member = each.Member,
                FromUs = each.FromUs,
                ToUs = each.ToUs,
            };
        }

        foreach (StableEnd each in history.StableEnds)
        {
            yield return New(0, EventType.Ok, HistoryFunction.Stable) with
            {
                Partition = each.Partition,
                Offset = each.LastStable,
                HighWatermark = each.HighWatermark,
            };
        }

        foreach (Pipeline each in history.Pipelines)
        {
            foreach ((TopicPartition partition, Offset committed) in each.Committed)
            {
                yield return New(0, EventType.Ok, HistoryFunction.Pipeline) with
                {
                    Name = each.Group,
                    Partition = partition,
                    Offset = committed,
                };
            }
        }
    }

    /// <summary>Adds to a history what its lines say of groups and transactions.</summary>
    internal static History AddTo(History history, IReadOnlyList<HistoryEvent> events) =>
        history with
        {
            Sessions =
            [
                .. Those(events, HistoryFunction.Session)
                    .Select(each => new ProducerSession(each.Name!, each.Session!.Value, each.FromUs!.Value, each.TimeUs)),
            ],
            Transactions =
            [
                .. Those(events, HistoryFunction.Transaction)
                    .Select(each => new ClientTransaction(each.Transaction!.Value, each.Name!, each.Session!.Value, OutcomeOf(each.Type))
                    {
                        CommitInvokedUs = each.FromUs,
                        CompletedUs = each.ToUs,
                    }),
            ],
            Offsets =
            [
                .. Those(events, HistoryFunction.GroupOffset)
                    .Select(each => new OffsetOperation(
                        each.Name!,
                        each.Partition ?? default,
                        each.Does!.Value,
                        each.Generation!.Value,
                        each.Offset!.Value,
                        OutcomeOf(each.Type),
                        each.FromUs!.Value,
                        each.ToUs
                    )),
            ],
            Ownerships =
            [
                .. Those(events, HistoryFunction.Ownership)
                    .Select(each => new Ownership(each.Name!, each.Partition!.Value, each.Member!, each.FromUs!.Value, each.ToUs!.Value)),
            ],
            StableEnds =
            [
                .. Those(events, HistoryFunction.Stable)
                    .Select(each => new StableEnd(each.Partition!.Value, each.Offset!.Value, each.HighWatermark!.Value)),
            ],
            Pipelines =
            [
                .. Those(events, HistoryFunction.Pipeline)
                    .GroupBy(each => each.Name!)
                    .Select(group => new Pipeline(
                        group.Key,
                        new SortedDictionary<TopicPartition, Offset>(
                            group.ToDictionary(each => each.Partition!.Value, each => each.Offset!.Value)
                        )
                    )),
            ],
        };

    /// <summary>How an operation with an outcome ended.</summary>
    public static EventType TypeOf(SendOutcome outcome) => Types[(int)outcome];

    private static SendOutcome OutcomeOf(EventType type) => (SendOutcome)Array.IndexOf(Types, type);

    private static IEnumerable<HistoryEvent> Those(IReadOnlyList<HistoryEvent> events, HistoryFunction function) =>
        events.Where(each => each.Function == function);

    private static HistoryEvent New(long timeUs, EventType type, HistoryFunction function) => new(timeUs, 0, 0, type, function);
}
