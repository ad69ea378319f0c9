using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// In which leader epochs the records were appended that were fetched for a position, by offset: what a commit tells of the record before
/// it, so that whoever goes on there finds out if that record has left the log meanwhile (KIP-320).
/// </summary>
internal sealed class ReadEpochs
{
    /// <summary>
    /// Leaders change rarely between a fetch and its commit; what is before the last changes is committed without an epoch.
    /// </summary>
    private const int MostStarts = 64;

    private readonly List<EpochStart> _starts = [];

    /// <summary>The epoch of the record before the next one to fetch; none where it is not known.</summary>
    public LeaderEpoch Last => _starts is [.., var last] ? last.Epoch : LeaderEpoch.None;

    /// <summary>Reading begins at a place.</summary>
    public void Begin(OffsetAndEpoch place)
    {
        _starts.Clear();
        if (place.Epoch != LeaderEpoch.None && place.Offset > Offset.Zero)
        {
            _starts.Add(new EpochStart(place.Offset - 1, place.Epoch));
        }
    }

    /// <summary>Records were fetched, in which epochs begin.</summary>
    public void Add(IReadOnlyList<EpochStart> starts)
    {
        _starts.AddRange(starts);
        _starts.RemoveRange(0, Math.Max(0, _starts.Count - MostStarts));
    }

    /// <summary>The epoch of the record before an offset; none where it is not known.</summary>
    public LeaderEpoch Before(Offset next)
    {
        for (int i = _starts.Count - 1; i >= 0; i--)
        {
            if (_starts[i].From < next)
            {
                return _starts[i].Epoch;
            }
        }

        return LeaderEpoch.None;
    }
}

/// <summary>From an offset on records were appended in an epoch.</summary>
internal readonly record struct EpochStart(Offset From, LeaderEpoch Epoch);
