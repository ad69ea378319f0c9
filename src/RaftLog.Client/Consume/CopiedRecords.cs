using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// The records of one fetch as copies, and how far they count as read: each when the next is asked for. What was not asked for is read
/// again.
/// </summary>
internal sealed class CopiedRecords
{
    private readonly List<ConsumedRecord> _copies = [];
    private readonly Assignment _assignment;
    private readonly ReadPosition _position;
    private readonly Offset _next;
    private int _read;
    private bool _isPast;

    public CopiedRecords(Assignment assignment, FetchedRecords records, ReadPosition position)
    {
        (_assignment, _position, _next) = (assignment, position, records.Next);
        foreach (RecordView record in records)
        {
            _copies.Add(record.ToRecord());
        }
    }

    /// <summary>The next records, at most so many; none when all have been asked for or the partition is read elsewhere by now.</summary>
    public IReadOnlyList<ConsumedRecord> Take(int most)
    {
        int count = Math.Min(most, _copies.Count - _read);
        if (count == 0 || !_assignment.TrySetRead(_position, _copies[_read].Offset))
        {
            _isPast = count == 0;
            return [];
        }

        return _copies.GetRange(_read, count);
    }

    /// <summary>So many of what <see cref="Take"/> gave are read.</summary>
    public void Read(int count) => _read += count;

    /// <summary>Nothing more is asked for.</summary>
    /// <returns>What was fetched ahead and is to be released, where reading goes on at the first record that is not read.</returns>
    public List<FetchedRecords> End()
    {
        if (_isPast)
        {
            _assignment.TrySetRead(_position, _next);
            return [];
        }

        return _read < _copies.Count ? _assignment.SeekIfCurrent(_position, _copies[_read].Offset) : [];
    }
}
