using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// The offsets of a partition that hold records, in order, each with its number: what comes next is the next number, not the next offset.
/// </summary>
internal sealed class DenseIndex
{
    private readonly List<Offset> _offsets;

    internal DenseIndex(IEnumerable<Offset> offsets)
    {
        _offsets = [.. offsets];
        _offsets.Sort();
        int kept = 0;
        for (int i = 0; i < _offsets.Count; i++)
        {
            if (kept == 0 || _offsets[kept - 1] != _offsets[i])
            {
                _offsets[kept++] = _offsets[i];
            }
        }

        _offsets.RemoveRange(kept, _offsets.Count - kept);
    }

    /// <summary>The first offset behind <paramref name="offset"/> that holds a record; <see cref="Offset.None"/> behind the last.</summary>
    internal Offset After(Offset offset)
    {
        int at = _offsets.BinarySearch(offset);
        int next = at >= 0 ? at + 1 : ~at;
        return next < _offsets.Count ? _offsets[next] : Offset.None;
    }
}
