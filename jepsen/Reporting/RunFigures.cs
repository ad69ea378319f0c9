using RaftLog.Checking;

namespace RaftLog.Jepsen.Reporting;

/// <summary>Counts and series of a run, for the terminal and the page.</summary>
internal sealed class RunFigures
{
    private readonly List<double>[] _latencies;
    private readonly List<long> _acknowledgedUs = [];
    private readonly List<double>[] _readLags;

    public RunFigures(IReadOnlyList<HistoryEvent> events)
    {
        Seconds = events.Count == 0 ? 1 : (int)(events[^1].TimeUs / 1_000_000) + 1;
        Acknowledged = new int[Seconds];
        Unknown = new int[Seconds];
        Rejected = new int[Seconds];
        _latencies = [.. Enumerable.Range(0, Seconds).Select(_ => new List<double>())];
        Dictionary<long, long> invoked = [];
        foreach (HistoryEvent entry in events)
        {
            Counts[(entry.Function, entry.Type)] = Counts.GetValueOrDefault((entry.Function, entry.Type)) + 1;
            if (entry.Function is not (HistoryFunction.Send or HistoryFunction.Metadata))
            {
                continue;
            }

            int second = (int)(entry.TimeUs / 1_000_000);
            switch (entry.Type)
            {
                case EventType.Invoke:
                    invoked[entry.Operation] = entry.TimeUs;
                    break;
                case EventType.Ok:
                    Acknowledged[second]++;
                    _latencies[second].Add((entry.TimeUs - invoked[entry.Operation]) / 1000.0);
                    _acknowledgedUs.Add(entry.TimeUs);
                    break;
                case EventType.Fail:
                    Rejected[second]++;
                    break;
                default:
                    Unknown[second]++;
                    break;
            }
        }

        foreach (HistoryEvent poll in events.Where(each => each.Function == HistoryFunction.Poll))
        {
            RecordsRead += poll.Records.Count;
        }

        _readLags = [.. Enumerable.Range(0, Seconds).Select(_ => new List<double>())];
        foreach (ReadLag lag in ReadLag.Of(HistoryReader.Read(events)))
        {
            _readLags[(int)(lag.AtUs / 1_000_000)].Add(lag.LagUs / 1000.0);
        }

        _latencies.Concat(_readLags).ToList().ForEach(each => each.Sort());
    }

    public int Seconds { get; }

    /// <summary>Sends and changes by second.</summary>
    public int[] Acknowledged { get; }

    public int[] Unknown { get; }

    public int[] Rejected { get; }

    public long RecordsRead { get; }

    /// <summary>The longest time between two acknowledgements of which one lies between these times, in milliseconds.</summary>
    public long LongestSilenceMs(long fromUs = 0, long toUs = long.MaxValue)
    {
        int at = _acknowledgedUs.BinarySearch(fromUs);
        long longestUs = 0;
        for (at = Math.Max(1, at < 0 ? ~at : at); at < _acknowledgedUs.Count && _acknowledgedUs[at - 1] <= toUs; at++)
        {
            longestUs = Math.Max(longestUs, _acknowledgedUs[at] - _acknowledgedUs[at - 1]);
        }

        return longestUs / 1000;
    }

    public SortedDictionary<(HistoryFunction Function, EventType Type), int> Counts { get; } = [];

    /// <summary>A quantile of the latency in one second, in milliseconds; null where nothing was acknowledged.</summary>
    public double? Latency(int second, double quantile) => Quantile(_latencies[second], quantile);

    /// <summary>A quantile of how far the polls of one second were behind (A41), in milliseconds; null where nobody polled.</summary>
    public double? ReadLagMs(int second, double quantile) => Quantile(_readLags[second], quantile);

    public int CountOf(HistoryFunction function, EventType type) => Counts.GetValueOrDefault((function, type));

    private static double? Quantile(List<double> sorted, double quantile) =>
        sorted.Count > 0 ? sorted[(int)Math.Min(sorted.Count - 1, sorted.Count * quantile)] : null;
}
