using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>The highest offset that was known by a time.</summary>
internal sealed class KnownMaximum
{
    private readonly List<(long AtUs, Offset Offset)> _steps;

    internal KnownMaximum(List<(long AtUs, Offset Offset)> observations)
    {
        observations.Sort();
        Offset highest = Offset.None;
        for (int i = 0; i < observations.Count; i++)
        {
            highest = Offset.Max(highest, observations[i].Offset);
            observations[i] = (observations[i].AtUs, highest);
        }

        _steps = observations;
    }

    /// <summary>The highest that was known strictly before a time; <see cref="Offset.None"/> for nothing.</summary>
    internal Offset Before(long atUs)
    {
        int low = 0;
        int high = _steps.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_steps[middle].AtUs < atUs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? Offset.None : _steps[low - 1].Offset;
    }
}
