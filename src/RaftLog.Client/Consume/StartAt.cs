using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>Where to begin reading a partition.</summary>
public readonly record struct StartAt
{
    private readonly OffsetSpec? _search;
    private readonly Offset _offset;

    private StartAt(OffsetSpec? search, Offset offset)
    {
        _search = search;
        _offset = offset;
    }

    /// <summary>At the first record that is there.</summary>
    public static StartAt Beginning { get; } = new(OffsetSpec.Earliest, Protocol.Offset.None);

    /// <summary>Behind the last record that may be read.</summary>
    public static StartAt End { get; } = new(OffsetSpec.Latest, Protocol.Offset.None);

    /// <summary>At an offset.</summary>
    public static StartAt Offset(Offset offset) => new(null, offset);

    /// <summary>At the first record at or after a time in milliseconds since 1970; at the end where there is none.</summary>
    public static StartAt Timestamp(long timestampMs) => new(OffsetSpec.At(timestampMs), Protocol.Offset.None);

    /// <summary>True with the offset when it needs no search.</summary>
    internal bool TryGetOffset(out Offset offset, out OffsetSpec search)
    {
        offset = _offset;
        search = _search ?? default;
        return _search is null;
    }
}
