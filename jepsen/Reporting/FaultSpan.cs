using RaftLog.Checking;

namespace RaftLog.Jepsen.Reporting;

/// <summary>A fault of a run.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="What">What it did.</param>
/// <param name="FromUs">When it began.</param>
/// <param name="ToUs">When it ended.</param>
/// <param name="HadEffect">Whether it is known to have had an effect.</param>
internal sealed record FaultSpan(string Kind, string What, long FromUs, long ToUs, bool HadEffect)
{
    public static IReadOnlyList<FaultSpan> Of(IReadOnlyList<HistoryEvent> events)
    {
        Dictionary<long, HistoryEvent> begun = [];
        List<FaultSpan> spans = [];
        foreach (HistoryEvent entry in events.Where(each => each.Function == HistoryFunction.Fault))
        {
            if (entry.Type == EventType.Invoke)
            {
                begun[entry.Operation] = entry;
            }
            else if (entry.Type != EventType.Info && begun.Remove(entry.Operation, out HistoryEvent? begin))
            {
                spans.Add(new FaultSpan(begin.Topic ?? "", begin.Note ?? "", begin.TimeUs, entry.TimeUs, entry.Type == EventType.Ok));
            }
        }

        spans.AddRange(
            begun.Values.Select(each => new FaultSpan(each.Topic ?? "", each.Note ?? "", each.TimeUs, events[^1].TimeUs, false))
        );
        return spans;
    }
}
