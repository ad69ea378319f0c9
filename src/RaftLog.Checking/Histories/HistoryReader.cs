using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>Makes of the lines of a run the history that the detectors judge: an operation without an end has an unknown outcome.</summary>
public static class HistoryReader
{
    /// <summary>Reads the events, which stand in the order of time.</summary>
    public static History Read(IEnumerable<HistoryEvent> events)
    {
        IReadOnlyList<HistoryEvent> all = [.. events];
        return CoordinatedEvents.AddTo(ReadPlain(all), all);
    }

    private static History ReadPlain(IReadOnlyList<HistoryEvent> events)
    {
        List<SentRecord> sends = [];
        List<MetadataOperation> metadata = [];
        List<SeenRecord> seen = [];
        List<SeenRecord> final = [];
        List<SeenEnd> ends = [];
        List<SeenHighWatermark> highWatermarks = [];
        List<SeenLeader> leaders = [];
        List<AvailabilityPromise> promises = [];
        List<string> corrupt = [];
        List<string> exits = [];
        bool isFinalComplete = false;
        int poll = 0;
        Dictionary<long, int> sendOf = [];
        Dictionary<long, int> changeOf = [];
        Dictionary<long, long> invoked = [];
        foreach (HistoryEvent entry in events)
        {
            switch (entry.Function, entry.Type)
            {
                case (HistoryFunction.Send, EventType.Invoke):
                    sendOf[entry.Operation] = sends.Count;
                    sends.Add(Begun(entry));
                    break;
                case (HistoryFunction.Send, _):
                    sends[sendOf[entry.Operation]] = Ended(sends[sendOf[entry.Operation]], entry);
                    break;
                case (HistoryFunction.Metadata, EventType.Invoke):
                    changeOf[entry.Operation] = metadata.Count;
                    metadata.Add(
                        new MetadataOperation(
                            entry.Node ?? NodeId.None,
                            entry.Topic ?? "",
                            entry.Action ?? MetadataAction.View,
                            entry.State ?? default,
                            SendOutcome.Unknown,
                            entry.TimeUs,
                            null
                        )
                    );
                    break;
                case (HistoryFunction.Metadata, _):
                    metadata[changeOf[entry.Operation]] = Ended(metadata[changeOf[entry.Operation]], entry);
                    break;
                case (HistoryFunction.Poll, not EventType.Invoke):
                    Add(entry, seen, ++poll);
                    if (entry is { HighWatermark: { } highWatermark, Epoch: { } leadership })
                    {
                        highWatermarks.Add(new SeenHighWatermark(entry.Process, entry.Partition!.Value, leadership, highWatermark));
                    }

                    break;
                case (HistoryFunction.Final, not EventType.Invoke):
                    Add(entry, final, 0);
                    break;
                case (HistoryFunction.End, EventType.Invoke):
                    invoked[entry.Operation] = entry.TimeUs;
                    break;
                case (HistoryFunction.End, EventType.Ok):
                    ends.Add(new SeenEnd(entry.Partition!.Value, entry.Offset!.Value, invoked[entry.Operation], entry.TimeUs));
                    break;
                case (HistoryFunction.Leader, EventType.Ok):
                    leaders.Add(new SeenLeader(entry.Partition!.Value, entry.Epoch!.Value, entry.Node!.Value));
                    break;
                case (HistoryFunction.Promise, _) when entry.Promise is { } promise:
                    promises.Add(new AvailabilityPromise(entry.TimeUs, promise.ToUs, promise.MaxGapUs));
                    break;
                case (HistoryFunction.Corrupt, _):
                    corrupt.Add(entry.Note ?? "");
                    break;
                case (HistoryFunction.Exit, _):
                    exits.Add(entry.Note ?? "");
                    break;
                case (HistoryFunction.FinalRead, _):
                    isFinalComplete = entry.Type == EventType.Ok;
                    break;
            }
        }

        return new History
        {
            Sends = sends,
            Seen = seen,
            Final = final,
            IsFinalComplete = isFinalComplete,
            Ends = ends,
            HighWatermarks = highWatermarks,
            Leaders = leaders,
            Metadata = metadata,
            Promises = promises,
            CorruptReads = corrupt,
            UnexpectedExits = exits,
        };
    }

    private static SentRecord Begun(HistoryEvent entry) =>
        new(entry.Process, entry.Partition!.Value, entry.Value!.Value, SendOutcome.Unknown, Offset.None)
        {
            InvokedUs = entry.TimeUs,
            IsControl = entry.Flavour == SendFlavour.Control,
            LeavesGap = entry.Flavour == SendFlavour.Gap,
            Transaction = entry.Transaction,
            Amount = entry.Amount ?? 0,
            Source = entry.Source,
        };

    private static SentRecord Ended(SentRecord sent, HistoryEvent entry) =>
        sent with
        {
            Outcome = OutcomeOf(entry.Type),
            Offset = entry.Offset ?? Offset.None,
            CompletedUs = entry.Type == EventType.Info ? null : entry.TimeUs,
        };

    private static MetadataOperation Ended(MetadataOperation begun, HistoryEvent entry) =>
        begun with
        {
            Outcome = OutcomeOf(entry.Type),
            Argument = entry.State ?? begun.Argument,
            CompletedUs = entry.Type == EventType.Info ? null : entry.TimeUs,
        };

    private static void Add(HistoryEvent entry, List<SeenRecord> target, int poll)
    {
        foreach (PolledRecord record in entry.Records)
        {
            target.Add(
                new SeenRecord(entry.Process, entry.Partition!.Value, record.Offset, record.Value)
                {
                    Epoch = record.Epoch,
                    Poll = poll,
                    AtUs = entry.TimeUs,
                }
            );
        }
    }

    private static SendOutcome OutcomeOf(EventType type) =>
        type switch
        {
            EventType.Ok => SendOutcome.Acknowledged,
            EventType.Fail => SendOutcome.Rejected,
            _ => SendOutcome.Unknown,
        };
}
