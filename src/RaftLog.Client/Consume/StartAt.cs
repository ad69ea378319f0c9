using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>Where to begin reading a partition.</summary>
public readonly record struct StartAt
{
    private readonly OffsetSpec? _search;
    private readonly Offset _offset;
    private readonly TimeSpan? _age;
    private readonly LeaderEpoch? _epoch;

    private StartAt(OffsetSpec? search, Offset offset, TimeSpan? age = null, bool isPolicy = false, LeaderEpoch? epoch = null)
    {
        IsPolicy = isPolicy;
        _search = search;
        _offset = offset;
        _age = age;
        _epoch = epoch;
    }

    /// <summary>Where the consumer's policy says (auto.offset.reset); without one reading fails.</summary>
    public static StartAt Policy { get; } = new(null, Protocol.Offset.None, isPolicy: true);

    /// <summary>True where the policy decides.</summary>
    internal bool IsPolicy { get; }

    /// <summary>At the first record that is there.</summary>
    public static StartAt Beginning { get; } = new(OffsetSpec.Earliest, Protocol.Offset.None);

    /// <summary>Behind the last record that may be read.</summary>
    public static StartAt End { get; } = new(OffsetSpec.Latest, Protocol.Offset.None);

    /// <summary>At an offset.</summary>
    public static StartAt Offset(Offset offset) => new(null, offset);

    /// <summary>At a place in a log whose record before it the leader has to have; where there is no place, as the policy says.</summary>
    internal static StartAt Place(OffsetAndEpoch place) =>
        place.Offset == Protocol.Offset.None ? Policy : new StartAt(null, place.Offset, epoch: place.Epoch);

    /// <summary>At the first record at or after a time in milliseconds since 1970; at the end where there is none.</summary>
    public static StartAt Timestamp(long timestampMs) => new(OffsetSpec.At(timestampMs), Protocol.Offset.None);

    /// <summary>At the first record that is not older than this when the search begins; at the end where there is none.</summary>
    public static StartAt Age(TimeSpan age)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(age, TimeSpan.Zero);
        return new StartAt(null, Protocol.Offset.None, age);
    }

    /// <summary>True with the place when it needs no search.</summary>
    /// <param name="now">The time, for an age.</param>
    /// <param name="place">The place.</param>
    /// <param name="search">Else what to search for.</param>
    internal bool TryGetPlace(DateTimeOffset now, out OffsetAndEpoch place, out OffsetSpec search)
    {
        place = new OffsetAndEpoch(_offset, _epoch ?? LeaderEpoch.None);
        search = _age is { } age
            ? OffsetSpec.At(Math.Max(0, now.ToUnixTimeMilliseconds() - (long)age.TotalMilliseconds))
            : _search ?? default;
        return _search is null && _age is null && !IsPolicy;
    }
}
